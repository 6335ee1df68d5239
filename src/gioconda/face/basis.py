"""The linear basis of faces: a mean, identities, and dynamics.

A face in the head frame is  mean + identity + dynamics  where identity is what makes the
person and dynamics what the face does. Dynamics come in four parts, each with its own
coordinates: the gaze (irises), the upper face (lids, brows), the lower face (lips, jaw), and what
only emotions move (brows whose ends part, a wrinkled nose, raised cheeks). `training/basis.py`
learns the first three of people who speak, `training/expressive.py` appends the fourth.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from gioconda.errors import GiocondaError
from gioconda.face import topology
from gioconda.face.measure import lip_gaps
from gioconda.face.pose import HeadPose, fit_pose
from gioconda.inference import weights_file
from gioconda.motion import Motion

_RELEASED = "basis.safetensors"
# What the identities leave unexplained is smooth: about this many points err together.
_TOGETHER = 30
_CERTAIN = 0.1  # of the largest singular value of how dynamics part lips: smaller ones are noise


@dataclass(frozen=True)
class Basis:
    """Linear model of the 478 mesh points in the head frame.

    Attributes:
        name: says which basis a Motion is in.
        mean: (478, 3) the mean neutral face: mouth shut, eyes open, looking ahead.
        identity: (I, 478, 3) directions in which neutral faces differ, scaled so that
            each coordinate has variance 1 over people.
        dynamics: (D, 478, 3) directions in which faces move, scaled so that each coordinate
            has mean square 1 over the training clips.
        parts: how many of the D are gaze, upper face, lower face and expressive, in this order.
            The last are orthogonal to the others, points weighted as in a fit, so that these mean
            the same with and without them.
        noise: standard deviation of a point that the identities leave unexplained.
        triangles: (F, 3) the mesh's triangles, without the eyes and the mouth.
    """

    name: str
    mean: NDArray[np.float32]
    identity: NDArray[np.float32]
    dynamics: NDArray[np.float32]
    parts: tuple[int, int, int, int]
    noise: float
    triangles: NDArray[np.int32]

    @property
    def gaze(self) -> slice:
        """The coordinates that move the irises."""
        return slice(0, self.parts[0])

    @property
    def upper(self) -> slice:
        """The coordinates that move lids and brows."""
        return slice(self.parts[0], self.parts[0] + self.parts[1])

    @property
    def lower(self) -> slice:
        """The coordinates that move lips and jaw."""
        return slice(self.parts[0] + self.parts[1], sum(self.parts[:3]))

    @property
    def expressive(self) -> slice:
        """The coordinates that only emotions move; speech leaves them at 0."""
        return slice(sum(self.parts[:3]), sum(self.parts))

    def rebuild(
        self, dynamics: NDArray[np.floating], neutral: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Faces in the head frame, (T, 478, 3), of dynamics (T, D) and a neutral face."""
        moved = np.tensordot(dynamics, self.dynamics, 1)
        return np.asarray(moved + neutral, np.float32)

    def neutral(self, faces: NDArray[np.floating]) -> NDArray[np.float64]:
        """The neutral face of each face seen, (T, 478, 3), its expression taken off.

        Each face is explained by identity and dynamics together, as likely as can be
        (maximum a posteriori under both Gaussian priors); what belongs to the person and
        what neither explains stays.

        Args:
            faces: (T, 478, 3) in the head frame.
        """
        code = np.tensordot(faces - self.mean, self._expression, ((1, 2), (1, 2)))
        spoken = self.dynamics[: self.expressive.start]
        return np.asarray(faces - np.tensordot(code, spoken, 1), np.float64)

    def encode(
        self, faces: NDArray[np.floating], neutral: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Dynamics (T, D) of faces (T, 478, 3) in the head frame, the neutral face known."""
        code = np.tensordot(faces - neutral, self._projection, ((1, 2), (1, 2)))
        return np.asarray(code, np.float32)

    def parting(self, neutral: NDArray[np.floating]) -> NDArray[np.float32]:
        """The least dynamics (D,) that part the mean face's lips as a neutral face's are."""
        wider = lip_gaps(neutral) - lip_gaps(self.mean)
        found = np.zeros(len(self.dynamics), np.float32)
        found[self.lower] = wider @ np.linalg.pinv(lip_gaps(self.dynamics[self.lower]), _CERTAIN)
        return found

    def pose(
        self, points: NDArray[np.floating], neutral: NDArray[np.floating]
    ) -> tuple[HeadPose, NDArray[np.float32]]:
        """Head pose and dynamics (T, D) of meshes in pixels (T, 478, 3)."""
        face = np.broadcast_to(neutral, points.shape)
        for _ in range(3):
            head = fit_pose(points, face)
            code = self.encode(head.to_head(points), neutral)
            face = self.rebuild(code, neutral)
        return head, code

    def identify(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """The neutral face (478, 3) of a person seen in T meshes in pixels (T, 478, 3).

        The most neutral of the frames count.
        """
        neutral = np.broadcast_to(self.mean, points.shape).astype(np.float64)
        for _ in range(4):
            head = fit_pose(points, neutral)
            neutral = self.neutral(head.to_head(points))
            code = self.encode(head.to_head(points), neutral)
            strength = (code[:, : self.expressive.start] ** 2).sum(1)
            weight = 1 / (1 + strength / max(float(np.quantile(strength, 0.2)), 1.0)) ** 2
            average = np.tensordot(weight / weight.sum(), neutral, 1)
            corners = average[[topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER]]
            average = (average - corners.mean(0)) / np.linalg.norm(corners[1] - corners[0])
            neutral = np.broadcast_to(average, points.shape)
        return average.astype(np.float32)

    @cached_property
    def _projection(self) -> NDArray[np.float64]:
        """(D, 478, 3): least squares on the dynamics, held by their prior."""
        b = self.dynamics.reshape(len(self.dynamics), -1).astype(np.float64)
        w = point_weights().reshape(-1) / self.noise**2
        inverse = np.linalg.inv(b * w @ b.T + np.eye(len(b)))
        return (inverse @ (b * w)).reshape(self.dynamics.shape)

    @cached_property
    def _expression(self) -> NDArray[np.float64]:
        """As `_projection`, the identity unknown and held by its prior.

        (D, 478, 3) without the expressive coordinates: how a brow lies at rest is the person's own.
        """
        spoken = self.dynamics[: self.expressive.start]
        b = spoken.reshape(len(spoken), -1).astype(np.float64)
        u = self.identity.reshape(len(self.identity), -1).astype(np.float64)
        w = point_weights().reshape(-1) / (_TOGETHER * self.noise**2)
        # (noise + U U^T)^-1 by Woodbury's identity, applied to the dynamics
        inner = np.linalg.inv(np.eye(len(u)) + u * w @ u.T)
        bw = b * w
        precision = bw - (bw @ u.T) @ inner @ (u * w)
        inverse = np.linalg.inv(precision @ b.T + np.eye(len(b)))
        return (inverse @ precision).reshape(spoken.shape)


def in_basis(motion: Motion, basis: Basis) -> Motion:
    """The motion with all coordinates of its basis.

    What was written before the basis had expressive coordinates has 0 for them.

    Raises:
        GiocondaError: if the motion is in another basis.
    """
    found, own = motion.dynamics.shape[1], sum(basis.parts)
    if motion.basis != basis.name or found not in (own, basis.expressive.start):
        raise GiocondaError(
            f"the motion is in the basis {motion.basis} with {found} coordinates, this "
            f"Gioconda has {basis.name} with {own}; make it again, or give its --models"
        )
    dynamics = np.pad(motion.dynamics, ((0, 0), (0, own - found)))
    return Motion(motion.pose, dynamics, motion.basis)


def point_weights() -> NDArray[np.float64]:
    """How much each coordinate of each point counts in a fit, (478, 3).

    Lips, lids and irises count more, for people look there; depth counts little, for the
    mesh guesses it.
    """
    weight = np.ones((topology.POINTS, 3))
    weight[topology.LIPS] = 3
    weight[topology.LIDS] = 6
    weight[topology.BROWS] = 2
    weight[topology.IRISES] = 3
    weight[:, 2] *= 0.2
    weight[topology.IRISES, 2] = 0
    return weight


@cache
def released_basis() -> Basis:
    """The basis in use: the one that comes with the package, or the user's own."""
    return load_basis(weights_file(_RELEASED))


def load_basis(path: Path) -> Basis:
    """Read a basis that `gioconda train basis` wrote.

    Raises:
        GiocondaError: if the file is missing or is no basis.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        gaze, upper, lower, *expressive = (int(n) for n in facts["parts"].split(","))
        (count,) = expressive or (0,)
        return Basis(
            name=facts["name"],
            parts=(gaze, upper, lower, count),
            noise=float(facts["noise"]),
            **{key: tensors[key] for key in ("mean", "identity", "dynamics", "triangles")},
        )
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise GiocondaError(f"{path} is not a basis of faces ({error})") from error
