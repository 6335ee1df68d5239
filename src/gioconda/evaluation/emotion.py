"""Do portraits show the emotion that was asked for?

Two judges. One looks at the geometry of the tracked mesh (`gioconda.data.videos.emotion`): it
shows that an emotion survives the basis, the drawing and the tracking. The other had no part in
making them: MediaPipe's blendshapes (`blendshape_reader.py`), read by the prototypes of FACS.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS
from gioconda.data.videos.emotion import EMOTIONS as JUDGED
from gioconda.data.videos.emotion import estimate
from gioconda.evaluation.blendshape_reader import NAMES, BlendshapeReader
from gioconda.evaluation.results import Report, counted, silent
from gioconda.face.tracker import track
from gioconda.generator.emotions import offset
from gioconda.media import Picture
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

_Floats = NDArray[np.floating]
Judge = Callable[[Portrait, Sequence[Picture], _Floats], list[str]]
"""What N pictures show, each of `JUDGED`: of a portrait, its picture at rest before them, and the
tracked meshes (N + 1, 478, 3) in pixels."""

# What counts as a movement, in the blendshapes that tell it, and how much of each is plain: half
# to three quarters of what the synthetic heads' emotions come to, docs/heads.md. Where there are
# several the plainest counts, for the network tells look-alikes badly apart: drawn down corners it
# takes for a chin that is raised.
_MOVEMENTS: Final[Mapping[str, Mapping[str, float]]] = {
    "smile": {"mouthSmile": 0.5},
    "cheeks": {"eyeSquint": 0.2, "cheekSquint": 0.2},
    "inner brows": {"browInnerUp": 0.25},
    "outer brows": {"browOuterUp": 0.25},
    "frown": {"browDown": 0.2, "browInnerUp": -0.25},
    "wide": {"eyeWide": 0.1, "eyeSquint": -0.2},
    "narrow": {"eyeSquint": 0.15},
    "jaw": {"jawOpen": 0.15},
    "corners down": {"mouthFrown": 0.1, "mouthShrugLower": 0.2},
    "stretched": {"mouthStretch": 0.1, "mouthSmile": 0.25},
    "pressed": {"mouthPress": 0.15, "mouthRollLower": 0.1, "mouthShrugLower": 0.2},
    "upper lip": {"mouthUpperUp": 0.25, "noseSneer": 0.1, "mouthShrugUpper": 0.25},
}
# How much each movement speaks for or against an emotion, after EMFACS.
_PROTOTYPES: Final[Mapping[str, Mapping[str, float]]] = {
    "happy": {"smile": 2, "cheeks": 1},
    "sad": {"inner brows": 1, "corners down": 1, "wide": -0.5, "frown": -0.5},
    "angry": {"frown": 1.5, "pressed": 1, "narrow": 0.5, "upper lip": -0.5},
    "surprised": {"outer brows": 1, "inner brows": 1, "wide": 0.5, "jaw": 1},
    "afraid": {"inner brows": 1, "stretched": 1, "wide": 1, "jaw": -0.5, "outer brows": -0.3},
    "disgusted": {"upper lip": 1.5, "frown": 1, "cheeks": 0.5},
}
_NEUTRAL: Final = 0.35  # evidence that an emotion must exceed
_MOST: Final = 1.5  # of a plain movement, that counts


def evaluate_emotion(
    portraits: Sequence[Portrait],
    strength: float = 1.0,
    judge: Judge | None = None,
    report: Report = silent,
) -> dict[str, dict[str, int]]:
    """How often each emotion asked for was taken for which.

    Args:
        portraits: whom to draw, each with each emotion.
        strength: of the emotions, above 0 to 1.
        judge: who says what is seen; by default `by_geometry`.
        report: called with portraits done and portraits in all.

    Returns:
        For each of `EMOTIONS` asked for, how often each of `JUDGED` was found.
    """
    counts = {asked: dict.fromkeys(JUDGED, 0) for asked in EMOTIONS}
    strengths = np.concatenate([np.zeros((1, len(EMOTIONS))), strength * np.eye(len(EMOTIONS))])
    codes = offset(strengths)
    for portrait in counted(portraits, report):
        # each face is drawn as the first of a video
        pictures = [
            Renderer(portrait).render(portrait.pose, code).copy() for code in portrait.lids(codes)
        ]
        found = (judge or by_geometry)(portrait, pictures, track(pictures).points)
        for asked, seen in zip(EMOTIONS, found, strict=True):
            counts[asked][seen] += 1
    return counts


def by_geometry(portrait: Portrait, pictures: Sequence[Picture], points: _Floats) -> list[str]:
    """As `Judge`: the prototypes of FACS on the tracked mesh.

    It looks at the geometry that the emotions are made of, and both follow the same prototypes, so
    it is no independent judgement by an eye.
    """
    neutral = portrait.basis.identify(np.asarray(points[:1], np.float32))
    head, _ = portrait.basis.pose(np.asarray(points, np.float32), neutral)
    faces = head.to_head(points)
    return [estimate(shown[None], faces[0]).strongest for shown in faces[1:]]


def by_blendshapes(reader: BlendshapeReader) -> Judge:
    """The judge that sees blendshapes change against the same portrait at rest."""

    def judge(_: Portrait, pictures: Sequence[Picture], points: _Floats) -> list[str]:
        rest, *shown = (reader.read(*one) for one in zip(pictures, points, strict=True))
        return [name_emotion(one - rest) for one in shown]

    return judge


def name_emotion(change: _Floats) -> str:
    """Which of `JUDGED` a change (52,) of blendshapes against rest speaks for most."""
    both: dict[str, list[float]] = {}
    for name, value in zip(NAMES, change.tolist(), strict=True):
        both.setdefault(name.removesuffix("Left").removesuffix("Right"), []).append(value)
    moved = {name: float(np.mean(sides)) for name, sides in both.items()}
    plain = {
        movement: float(np.clip(max(moved[name] / much for name, much in told.items()), -1, _MOST))
        for movement, told in _MOVEMENTS.items()
    }
    evidence = {
        emotion: sum(much * plain[movement] for movement, much in wanted.items())
        / sum(much for much in wanted.values() if much > 0)
        for emotion, wanted in _PROTOTYPES.items()
    }
    best = max(evidence, key=lambda emotion: evidence[emotion])
    return best if evidence[best] > _NEUTRAL else JUDGED[0]
