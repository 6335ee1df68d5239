"""A synthetic head: its parts, and what its morphs make of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gioconda.data.heads.regions import Region, label_jaws, label_skin
from gioconda.errors import GiocondaError
from gioconda.face.pose import rotation

# They never teach: three women and three men of six groups, two of them with long hair.
HELD_OUT: Final = ("AIAN_F_2", "Asian_M_2", "Black_F_3", "Hispanic_M_1", "MENA_M_1", "White_F_1")

# How lids follow an eye that is turned up or down by a radian, as weights of their morphs.
_LIDS_DOWN: Final = 1.1
_LIDS_UP: Final = 1.2
# The neck turns with the head at the chin and keeps still at the shoulders; y, in units.
_TURNS: Final = 1.9
_STILL: Final = 3.2
_NECK: Final = np.array([0.0, 1.6, 1.6])  # what it turns about


@dataclass(frozen=True)
class Pose:
    """What a head does.

    Attributes:
        weights: of morphs by name without `_h`: those of the skin (`UW_U`, `RsmileOpen`), which
            move the lower jaw's of the same name along, and those of the tongue (`Up_tg`). `MPB`
            stands for `MPB_Up` and `MPB_Down`. Usually 0 to 1.
        gaze: where the eyes look against the head, yaw and pitch in radians, to the image's right
            and up.
        turn: yaw, pitch and roll of the head in radians, as `gioconda.face.pose.rotation`.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    gaze: tuple[float, float] = (0.0, 0.0)
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Part:
    """One of a head's meshes.

    Attributes:
        vertices: (V, 3) at rest; x to the image's right, y down, z away from the camera; the origin
            lies midway between the eyeballs and the unit is their distance.
        uv: (V, 2) in [0, 1], v down from the top.
        triangles: (F, 3).
        sheet: which of the head's textures it has.
        kind: which of the head's maps of regions it has; or, negative, minus the one `Region` that
            all of it is.
        morphs: by name: which vertices, (N,), and by how much, (N, 3).
    """

    vertices: NDArray[np.float32]
    uv: NDArray[np.float32]
    triangles: NDArray[np.int32]
    sheet: int
    kind: int
    morphs: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float32]]]


@dataclass(frozen=True)
class Head:
    """A head at rest.

    Attributes:
        name: of its file.
        parts: by name.
        textures: (T, S, S, 3) RGB.
        regions: (2, S, S) the `Region` of each texel, for the skin and for the jaws.
    """

    name: str
    parts: Mapping[str, Part]
    textures: NDArray[np.uint8]
    regions: NDArray[np.uint8]

    def posed(self, pose: Pose, turned: bool = True) -> dict[str, NDArray[np.float32]]:
        """The vertices (V, 3) of each part.

        Args:
            pose: what the head does.
            turned: False for the head's own axes, as if it did not turn.

        Raises:
            GiocondaError: if the head has no morph of a name.
        """
        weights = self._weights(pose)
        unknown = weights.keys() - self.morphs
        if unknown:
            raise GiocondaError(
                f"the head {self.name} has no morph {', '.join(sorted(unknown))}; it has "
                f"{', '.join(sorted(self.morphs))}"
            )
        moved = {}
        for name, part in self.parts.items():
            at = part.vertices.copy()
            for morph, weight in weights.items():
                if weight and morph in part.morphs:
                    which, by = part.morphs[morph]
                    at[which] += np.float32(weight) * by
            if name.endswith("_eye"):
                at = self._looking(name, at, pose.gaze)
            moved[name] = _turned(at, part.vertices, pose.turn) if turned else at
        return moved

    @cached_property
    def morphs(self) -> frozenset[str]:
        """The names of all morphs of all parts."""
        return frozenset(name for part in self.parts.values() for name in part.morphs)

    @cached_property
    def mesh(self) -> "Mesh":
        """All parts as one."""
        return _joined(self)

    def at(self, u: float, v: float) -> int:
        """The vertex of the skin that is nearest to a place of its texture, in texels of 2048."""
        away = self.parts["skin"].uv * 2048 - [u, v]
        return int(np.argmin((away**2).sum(1)))

    def _weights(self, pose: Pose) -> dict[str, float]:
        """Of all parts' morphs, the lids following the gaze."""
        weights = dict(pose.weights)
        if "MPB" in weights:
            both = weights.pop("MPB")
            for lip in ("MPB_Up", "MPB_Down"):
                weights[lip] = weights.get(lip, 0.0) + both
        jaw = max(weights.get("MPB_Up", 0.0), weights.get("MPB_Down", 0.0))
        for name, weight in list(weights.items()):
            if "t_" + name in self.morphs:
                weights["t_" + name] = weight
        if jaw and "t_MPB" in self.morphs:
            weights["t_MPB"] = jaw
        lids, follow = ("eyeClose", _LIDS_DOWN) if pose.gaze[1] < 0 else ("eyeOpen", _LIDS_UP)
        for side in "RL" if pose.gaze[1] else "":
            if side + lids in self.morphs:
                weights[side + lids] = weights.get(side + lids, 0.0) + follow * abs(pose.gaze[1])
        return weights

    def _looking(
        self, name: str, at: NDArray[np.float32], gaze: tuple[float, float]
    ) -> NDArray[np.float32]:
        """An eyeball turned about the middle of the sphere that fits it best."""
        if gaze == (0.0, 0.0):
            return at
        rest = self.parts[name].vertices.astype(np.float64)
        system = np.concatenate([2 * rest, np.ones((len(rest), 1))], 1)
        middle = np.linalg.lstsq(system, (rest**2).sum(1), rcond=None)[0][:3]
        return np.asarray((at - middle) @ rotation(*gaze, 0).T + middle, np.float32)


@dataclass(frozen=True)
class Mesh:
    """All parts of a head as one mesh.

    Attributes:
        triangles: (F, 3).
        same: (V,) the first vertex that lies at the same place; seams of the texture part others.
        uv: (V, 2).
        inner: (V,) whether the vertex lies in the mouth.
        sheets: (F,) the texture of each triangle.
        kinds: (F,) `Part.kind`.
    """

    triangles: NDArray[np.int32]
    same: NDArray[np.int32]
    uv: NDArray[np.float32]
    inner: NDArray[np.bool_]
    sheets: NDArray[np.int8]
    kinds: NDArray[np.int8]


def _joined(head: Head) -> Mesh:
    triangles, same, inner, start = [], [], [], 0
    last = head.regions.shape[1] - 1
    for part in head.parts.values():
        triangles.append(part.triangles + np.int32(start))
        _, first, back = np.unique(part.vertices, axis=0, return_index=True, return_inverse=True)
        same.append(first[back.ravel()] + start)
        column, row = np.clip(np.rint(part.uv * last).astype(int), 0, last).T
        bag = head.regions[0, row, column] == Region.CAVITY
        inner.append(bag if part.kind == 0 else np.full(len(bag), part.kind == 1))
        start += len(part.vertices)
    parts = head.parts.values()
    counts = [len(part.triangles) for part in parts]
    return Mesh(
        np.concatenate(triangles),
        np.concatenate(same).astype(np.int32),
        np.concatenate([part.uv for part in parts]),
        np.concatenate(inner),
        np.repeat([part.sheet for part in parts], counts).astype(np.int8),
        np.repeat([part.kind for part in parts], counts).astype(np.int8),
    )


def _turned(
    at: NDArray[np.float32], rest: NDArray[np.float32], turn: tuple[float, float, float]
) -> NDArray[np.float32]:
    """The vertices with the head turned on its neck; the shoulders keep still."""
    if turn == (0.0, 0.0, 0.0):
        return at
    part = np.clip((_STILL - rest[:, 1:2]) / (_STILL - _TURNS), 0, 1)
    part = part**2 * (3 - 2 * part)
    there = (at - _NECK) @ rotation(*turn).T + _NECK
    return np.asarray(at + part * (there - at), np.float32)


def head_files(folder: Path, held_out: bool) -> list[Path]:
    """The files of the heads to learn from, or of those held out.

    Raises:
        GiocondaError: if the folder has none.
    """
    files = [f for f in sorted(folder.glob("*.npz")) if (f.stem in HELD_OUT) == held_out]
    if not files:
        raise GiocondaError(f"{folder} has no heads (NAME.npz); see docs/heads.md")
    return files


def read_head(path: Path) -> Head:
    """Read a head, see docs/heads.md for the file.

    Raises:
        GiocondaError: if the file is missing or is no head.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        sheets = sorted(key for key in arrays if key.startswith("texture_"))
        textures = np.stack([_picture(arrays[key]) for key in sheets])
        parts = {str(name): _part(arrays, str(name), sheets) for name in arrays["parts"]}
    except (OSError, KeyError, ValueError) as error:
        raise GiocondaError(f"{path} is not a head ({error}); see docs/heads.md") from error
    body = parts["skin"].sheet
    regions = np.stack([label_skin(textures[body]), label_jaws(textures[body])])
    return Head(path.stem, parts, textures, regions)


def _picture(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(packed.tobytes())).convert("RGB"))


def _part(arrays: Mapping[str, NDArray[np.generic]], name: str, sheets: list[str]) -> Part:
    morphs = {
        str(morph).removesuffix("_h"): (
            arrays[f"{name}_morph_{morph}_at"].astype(np.int64),
            arrays[f"{name}_morph_{morph}"].astype(np.float32),
        )
        for morph in arrays[f"{name}_morphs"]
    }
    return Part(
        vertices=arrays[f"{name}_vertices"].astype(np.float32),
        uv=arrays[f"{name}_uv"].astype(np.float32),
        triangles=np.ascontiguousarray(arrays[f"{name}_triangles"].astype(np.int32)),
        sheet=sheets.index(f"texture_{int(arrays[f'{name}_texture'])}_webp"),
        kind=_kind(name),
        morphs=morphs,
    )


def _kind(name: str) -> int:
    if name == "skin":
        return 0
    if name.endswith("_jaw"):
        return 1
    return -Region.HAIR if name == "hair" else -Region.EYES
