"""What a portrait's own picture shows of its mouth: where the upper row stands, and its tones."""

from dataclasses import replace
from typing import Final

import numpy as np

from gioconda.face import topology
from gioconda.portrait import Portrait
from gioconda.renderer.lips import Roll, roll_in
from gioconda.renderer.mouth.interior import MouthInterior, neutral_face
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones
from gioconda.renderer.mouth.trial import DROPS, JAWS, NAMED, TONGUES, Trial
from gioconda.renderer.view import HeadPlace
from gioconda.renderer.warper import WarpedFrame

# In levels of 255 by which the picture must agree better, for each square of a jaw that is as wide
# as it goes.
_JAW_TRUST: Final = 400.0
_AS_WELL: Final = 1.08  # of the least error: smiles show upper teeth, so the lowest row that agrees
_APART: Final = 0.04  # inter-ocular distances between the lips from which a photo shows a mouth
_LOWEST: Final = (
    -0.05
)  # higher rows hide behind the lip, and a photo of clenched teeth fits them, too
_AGREES: Final = 0.75  # at most so much of a flat colour's error is left where it is believed
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


def as_shown(portrait: Portrait, mouth: Mouth, pose: MouthPose) -> tuple[Mouth, MouthPose | None]:
    """The mouth as the photo shows it; as it was, where the photo shows nothing that agrees.

    Args:
        portrait: the photo.
        mouth: as it is believed to be.
        pose: its jaw and tongue in the photo, likewise.

    Returns:
        The mouth, and its jaw and tongue in the photo if that agrees.
    """
    frame = own_frame(portrait)
    upper, lower = frame.mesh[[topology.UPPER_LIP_RIM, topology.LOWER_LIP_RIM], :2]
    if np.linalg.norm(lower - upper) < _APART * frame.head.size:
        return mouth, None
    trial = Trial.of(
        frame, frame.picture, MouthInterior(neutral_face(portrait), replace(mouth, tones=NAMED))
    )
    if not trial:
        return mouth, None
    tones = mouth.tones.stacked().astype(np.float64)
    left = trial.details(tones)
    likely = left + _JAW_TRUST * (JAWS[:, None] - pose.jaw) ** 2
    likely[DROPS < _LOWEST] = np.inf
    drop = np.flatnonzero(likely.min((1, 2)) <= _AS_WELL * likely.min())[-1]
    jaw, tongue = np.unravel_index(int(likely[drop].argmin()), left.shape[1:])
    flat = float(np.abs(trial.real - trial.real.mean(0)).mean())
    if left[drop, jaw, tongue] > _AGREES * flat:
        return mouth, None
    design = trial.designs[drop, jaw, tongue].astype(np.float64)
    trust = _TONE_TRUST * len(design)
    normal = design.T @ design + trust
    own = np.linalg.solve(normal, design.T @ trial.real + trust @ tones)
    found = Tones(*np.maximum(own, 0).astype(np.float32))
    seen = MouthPose(float(JAWS[jaw]), float(TONGUES[tongue]))
    return Mouth(float(DROPS[drop]), mouth.size, found), seen
