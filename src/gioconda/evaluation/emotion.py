"""Does a portrait show the emotion that was asked for?

Portraits are drawn with each emotion, tracked in the drawn frame, and judged by
`gioconda.data.videos.emotion`. The judge looks at the geometry that the emotions are made of, and
both follow the same prototypes of FACS: this shows that an emotion survives the basis, the drawing
and the tracking, and is not mistaken for another. It is no independent judgement by an eye.
"""

from collections.abc import Sequence

import numpy as np

from gioconda.controls import EMOTIONS
from gioconda.data.videos.emotion import EMOTIONS as JUDGED
from gioconda.data.videos.emotion import estimate
from gioconda.evaluation.results import Report, counted, silent
from gioconda.face.tracker import track
from gioconda.generator.emotions import offset
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer


def evaluate_emotion(
    portraits: Sequence[Portrait], strength: float = 1.0, report: Report = silent
) -> dict[str, dict[str, int]]:
    """How often each emotion was taken for which.

    Args:
        portraits: whom to draw.
        strength: of the emotions, above 0 to 1.
        report: called with portraits done and portraits in all.

    Returns:
        For each of `EMOTIONS` asked for, how often each of `JUDGED` was found.
    """
    counts = {asked: dict.fromkeys(JUDGED, 0) for asked in EMOTIONS}
    strengths = np.concatenate([np.zeros((1, len(EMOTIONS))), strength * np.eye(len(EMOTIONS))])
    codes = offset(strengths)
    for portrait in counted(portraits, report):
        # each face is drawn as the first of a video
        drawn = (Renderer(portrait).render(portrait.pose, code) for code in portrait.lids(codes))
        points = track(drawn).points
        neutral = portrait.basis.identify(points[:1])
        head, _ = portrait.basis.pose(points, neutral)
        faces = head.to_head(points)
        for asked, face in zip(EMOTIONS, faces[1:], strict=True):
            counts[asked][estimate(face[None], faces[0]).strongest] += 1
    return counts
