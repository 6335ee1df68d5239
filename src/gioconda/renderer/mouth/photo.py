"""What a portrait's own picture shows of its mouth: where the upper row stands, its tones, and how
finely it would be seen."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.portrait import Portrait
from gioconda.renderer.lips import Roll, roll_in
from gioconda.renderer.mouth.interior import MouthInterior, neutral_face
from gioconda.renderer.mouth.shading import Lighting
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones
from gioconda.renderer.mouth.trial import DROPS, JAWS, NAMED, TONGUES, Trial
from gioconda.renderer.view import HeadPlace
from gioconda.renderer.warper import WarpedFrame

# In levels of 255 by which the picture must agree better, for each square of a jaw that is as wide
# as it goes.
_JAW_TRUST: Final = 400.0
_AS_WELL: Final = 1.08  # of the least error: smiles show upper teeth, so the lowest upper row alone
_APART: Final = 0.04  # inter-ocular distances between the lips from which a photo shows a mouth
# Higher rows hide behind the lip, and a photo of clenched teeth fits them, too.
_LOWEST: Final = -0.05
_GREY: Final = 1e-3  # of parts of red, green and blue: closer ones are the same colour
_AGAIN: Final = 1 / 60  # inter-ocular distances by which a photo is blurred again
_SHARPEST: Final = 0.98  # quantile of slopes from which they are of edges
# In the tones as they were, in parts of the pixels: teeth are what a photo shows best.
_TONE_TRUST: Final = np.diag([0.05, 0.2, 0.4])


def own_frame(portrait: Portrait) -> WarpedFrame:
    """The portrait as a frame of itself; it has no flow."""
    inside = slice(portrait.margin, portrait.margin + portrait.size)
    head, mesh = HeadPlace.of(portrait.head), portrait.points.copy()
    roll_in(mesh, head.size, Roll())
    return WarpedFrame(
        picture=portrait.texture[inside, inside, :3],
        mesh=mesh,
        flow=np.empty((0, 0, 2), np.float32),
        head=head,
        dynamics=portrait.expression,
    )


def as_shown(
    portrait: Portrait,
    mouth: Mouth,
    pose: MouthPose,
    lighting: Lighting = Lighting(),  # noqa: B008
) -> tuple[Mouth, MouthPose | None]:
    """The mouth as the photo shows it; as it was, where the photo shows lips alone.

    Args:
        portrait: the photo.
        mouth: as it is believed to be.
        pose: its jaw and tongue in the photo, likewise.
        lighting: how light falls in.

    Returns:
        The mouth, and its jaw and tongue in the photo if that shows them.
    """
    frame = own_frame(portrait)
    upper, lower = frame.mesh[[topology.UPPER_LIP_RIM, topology.LOWER_LIP_RIM], :2]
    if np.linalg.norm(lower - upper) < _APART * frame.head.size:
        return mouth, None
    named = replace(mouth, tones=NAMED)
    interior = MouthInterior(neutral_face(portrait), named, lighting=lighting)
    trial = Trial.of(frame, frame.picture, interior)
    if not trial:
        return mouth, None
    left, tones = trial.explained(mouth.tones.stacked().astype(np.float64), _TONE_TRUST)
    likely = left + _JAW_TRUST * (JAWS[:, None] - pose.jaw) ** 2
    likely[DROPS < _LOWEST] = np.inf
    drop = np.flatnonzero(likely.min((1, 2)) <= _AS_WELL * likely.min())[-1]
    jaw, tongue = np.unravel_index(int(likely[drop].argmin()), left.shape[1:])
    if left[drop, -1].min() <= _AS_WELL * left[drop, jaw, tongue]:  # no lower row is seen
        jaw, tongue = np.intp(len(JAWS) - 1), left[drop, -1].argmin()
    found = Tones(*tones[drop, jaw, tongue].astype(np.float32))
    if _is_soft(found.stacked()[0], mouth.tones.stacked()):
        return mouth, None
    seen = MouthPose(float(JAWS[jaw]), float(TONGUES[tongue]))
    return Mouth(float(DROPS[drop]), mouth.size, found), seen


def _is_soft(tone: NDArray[np.float32], usual: NDArray[np.float32]) -> bool:
    """Whether what stands where teeth would has rather the colour of lips and tongue, at any light.

    Args:
        tone: (3,) of it.
        usual: (3, 3) teeth, soft, dark.
    """
    own, teeth, soft = (one / max(float(one.sum()), 1.0) for one in (tone, *usual[:2]))
    to_teeth, to_soft = np.linalg.norm(own - teeth), np.linalg.norm(own - soft)
    return bool(to_teeth > to_soft + _GREY)


def softness(portrait: Portrait) -> float:
    """How soft a face's sharpest edges are: the standard deviation of their blur, in the crop's
    pixels.

    An edge that is blurred again loses the more of its slope the sharper it was (Zhuo and Sim,
    "Defocus map estimation from a single image", 2011).
    """
    points = portrait.points[: topology.FACE_POINTS, :2] + portrait.margin
    low, high = (np.clip(v, 0, len(portrait.texture)) for v in (points.min(0), points.max(0)))
    (left, top), (right, bottom) = low.astype(int), high.astype(int)
    face = np.ascontiguousarray(portrait.texture[top:bottom, left:right, :3])
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32)
    again = _AGAIN * float(portrait.head.size[0])
    before = _slopes(grey)
    after = _slopes(np.asarray(cv2.GaussianBlur(grey, (0, 0), again), np.float32))
    edges = before >= max(float(np.quantile(before, _SHARPEST)), 1.0)
    if not edges.any():
        return 0.0
    lost = float(np.median(before[edges] / np.maximum(after[edges], 1e-3)))
    return again / float(np.sqrt(max(lost**2 - 1, 1e-2)))


def _slopes(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down), np.float32)
