"""Clips as the generator learns from them: all of the motion, and the sound where it is speech."""

import json
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.phones import Phone
from gioconda.face import measure
from gioconda.face.basis import Basis
from gioconda.face.encode import encode
from gioconda.media import FPS
from gioconda.motion import Motion
from gioconda.speech.features import SAMPLES

LONG: Final = 2.4  # seconds from which a clip tells how a head moves and where eyes rest
_LEAST_SEEN: Final = 0.95
_GAZE_SMOOTH: Final = 0.2  # seconds to each side that a direction of gaze is the median of


@dataclass(frozen=True)
class Performance:
    """One clip: what is heard and what the face does, in step, T frames.

    Attributes:
        clip: where it comes from.
        pcm: (640 T,) the sound, 16 kHz mono; silence where it does not belong to the face.
        own: (T,) where the sound is speech of this face.
        neutral: (478, 3) the person's neutral face.
        motion: the pose against the clip's median, and the dynamics.
        gaze: (T, 2) where the eyes rest against the clip's median head, yaw and pitch in
            radians.
        blinking: (T, 2) 1 while the lids come down, 1 while they go up.
        phones: that are spoken, times in seconds from the first frame; empty if not known.
    """

    clip: Clip
    pcm: NDArray[np.float32]
    own: NDArray[np.bool_]
    neutral: NDArray[np.float32]
    motion: Motion
    gaze: NDArray[np.float32]
    blinking: NDArray[np.float32]
    phones: tuple[Phone, ...] = ()

    def __len__(self) -> int:
        return len(self.motion)

    @property
    def long(self) -> bool:
        """Whether it is long enough to tell how the head moves and where the eyes rest."""
        return len(self) >= LONG * FPS


def read_performance(clip: Clip, basis: Basis) -> Performance | None:
    """A clip's sound and motion; None if the face is not seen nearly all the time.

    Args:
        clip: of a prepared set.
        basis: in which the motion is told.
    """
    track, measures = clip.track(), clip.measures()
    if track.seen.mean() < _LEAST_SEEN:
        return None
    motion, neutral = encode(track, basis)
    motion = motion.about(np.zeros(6, np.float32))
    own = np.zeros(len(motion), bool)
    pcm = np.zeros(len(motion) * SAMPLES, np.float32)
    if clip.speech:
        own = clip.heard()["own"].astype(bool)
        pcm = clip.audio() * np.repeat(own, SAMPLES)
    gaze = measure.gaze(basis.rebuild(motion.dynamics, neutral), neutral) + motion.pose[:, :2]
    blinking = np.zeros((len(motion), 2), np.float32)
    for onset, lowest, end in measures["blinks"]:
        blinking[onset + 1 : lowest + 1, 0] = 1
        blinking[lowest + 1 : end + 1, 1] = 1
    facts = json.loads(clip.video.with_suffix(".json").read_text())
    phones = tuple(Phone(*one) for one in facts.get("phones", ()))
    resting = rested(gaze, blinking.any(axis=1).astype(bool))
    return Performance(clip, pcm, own, neutral, motion, resting, blinking, phones)


def rested(gaze: NDArray[np.floating], blinking: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Gaze (T, 2) without the dips that shutting lids (T,) feign and without its trembling."""
    kept = np.flatnonzero(~blinking)
    if not len(kept):
        kept = np.arange(len(gaze))
    frames = np.arange(len(gaze))
    whole = np.stack([np.interp(frames, kept, gaze[kept, i]) for i in range(2)], 1)
    reach = round(_GAZE_SMOOTH * FPS)
    padded = np.pad(whole, ((reach, reach), (0, 0)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return np.asarray(np.median(windows, -1), np.float32)
