"""Clips of someone who talks, sound and picture in step."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.face import measure
from gioconda.face.basis import Basis
from gioconda.media import FPS
from gioconda.speech.features import SAMPLES

_LEAST_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Talk:
    """The longest part of a clip whose sound belongs to its face.

    Attributes:
        clip: where it comes from.
        pcm: (640 T,) the sound, 16 kHz mono.
        neutral: (478, 3) the person's neutral face.
        dynamics: (T, D) what the face does, in the basis that was asked for.
    """

    clip: Clip
    pcm: NDArray[np.float32]
    neutral: NDArray[np.float32]
    dynamics: NDArray[np.float32]

    def opening(self, basis: Basis) -> NDArray[np.float64]:
        """Mouth opening (T,) as it was seen, in inter-ocular distances."""
        moved = np.tensordot(self.dynamics[:, basis.lower], basis.dynamics[basis.lower], 1)
        return measure.mouth_opening(moved + self.neutral)


def read_talk(clip: Clip, basis: Basis) -> Talk | None:
    """A clip's speech and motion; None if it has less than a second of them.

    Args:
        clip: the clip.
        basis: in which the motion is told.
    """
    if not clip.speech:
        return None
    own = np.flatnonzero(np.diff(clip.heard()["own"].astype(int), prepend=0, append=0))
    start, stop = max(own.reshape(-1, 2).tolist(), key=lambda run: run[1] - run[0])
    if stop - start < _LEAST_SECONDS * FPS:
        return None
    track = clip.track()
    neutral = basis.identify(track.points[track.seen])
    _, dynamics = basis.pose(track.points[start:stop], neutral)
    return Talk(clip, clip.audio()[start * SAMPLES : stop * SAMPLES], neutral, dynamics)
