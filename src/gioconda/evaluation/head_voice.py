"""Does the head listen? How it moves with the voice, and whether that is the voice's own motion.

Two answers: plain sums, which need no judge (does the head speed up where the voice gets louder,
and rest in pauses?), and the head judge's (see `head_judge.py`): of a window of motion and the
windows of sound that are there, does it find the one that belongs to it?
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.samples.prosody import LOUDNESS, VOICE, prosody
from gioconda.evaluation.bootstrap import interval
from gioconda.evaluation.head_judge import LEAST, HeadJudge
from gioconda.evaluation.lips import best_lag, lag_curve
from gioconda.evaluation.results import measure
from gioconda.evaluation.trials import longest_run, read_trials
from gioconda.evaluation.windows import windows
from gioconda.face.basis import released_basis
from gioconda.media import FPS
from gioconda.motion import Motion
from gioconda.speech.features import SAMPLES

_SMOOTH: Final = np.hanning(11)[1:-1] / np.hanning(11).sum()  # nine frames
_APART: Final = FPS  # frames from which on another moment of a clip counts as another

_Series = NDArray[np.float64]


@dataclass(frozen=True)
class VoicedMotion:
    """A stretch of motion and the sound that it is to go with.

    Attributes:
        person: who speaks.
        motion: T frames.
        pcm: (640 T,) 16 kHz mono; what was made of one sound has the same array.
    """

    person: str
    motion: Motion
    pcm: NDArray[np.float32]


@dataclass(frozen=True)
class Share:
    """A mean over people, in percent, with its 95 % interval by bootstrap over people."""

    value: float
    low: float
    high: float
    people: int


@dataclass(frozen=True)
class HeadVoice:
    """How a head moves with a voice; the lag is NaN where nothing stands out.

    `own_moment` and `own_voice` are the shares in which the head judge prefers a window's own sound
    to another moment's of the same person, and to another person's: 50 % is chance.
    """

    stretches: int
    follows: float = measure("head speed with loudness, r at the best lag")
    late: float = measure("  the head comes late by", "frames", "+.1f")
    in_speech: float = measure("head speed in speech over that in pauses")
    own_moment: Share | None = None
    own_voice: Share | None = None


def head_voice(stretches: Sequence[VoicedMotion], judge: HeadJudge | None = None) -> HeadVoice:
    """How heads move with voices.

    Args:
        stretches: stretches of 3 s and more; at least one.
        judge: to ask as well.
    """
    sounds = [prosody(one.pcm)[: len(one.motion)] for one in stretches]
    curves, speech, pauses = [], [], []
    for one, sound in zip(stretches, sounds, strict=True):
        speed = _speed(one.motion)
        loud = np.convolve(sound[:, LOUDNESS], _SMOOTH, "same")[1:]
        curves.append(lag_curve(speed, loud))
        voice = sound[1:, VOICE] > 0
        relative = speed / max(speed.mean(), 1e-9)
        speech.append(relative[voice])
        pauses.append(relative[~voice])
    in_speech, in_pauses = np.concatenate(speech), np.concatenate(pauses)
    known = len(in_speech) and len(in_pauses)
    moment, voice_share = judge_shares(stretches, sounds, judge) if judge else (None, None)
    return HeadVoice(
        stretches=len(stretches),
        follows=float(np.mean(curves, axis=0).max()),
        late=best_lag(curves),
        in_speech=float(in_speech.mean() / in_pauses.mean()) if known else float("nan"),
        own_moment=moment,
        own_voice=voice_share,
    )


def long_stretches(clips: Sequence[Clip]) -> list[VoicedMotion]:
    """Of each person the first clip with as much speech in a run as the head judge needs."""
    long: dict[str, Clip] = {}
    for clip in clips:
        if clip.person in long:
            continue
        run = longest_run(clip)
        if run.stop - run.start >= LEAST:
            long[clip.person] = clip
    trials = read_trials(list(long.values()), released_basis()) if long else []
    return [
        VoicedMotion(one.person, one.spoken[:LEAST], one.pcm[: LEAST * SAMPLES]) for one in trials
    ]


def with_other_sound(stretches: Sequence[VoicedMotion]) -> list[VoicedMotion]:
    """The same motion, each with the sound of another, repeated to its length."""
    found = []
    for i, one in enumerate(stretches):
        pcm = stretches[(i + max(1, len(stretches) // 2)) % len(stretches)].pcm
        found.append(VoicedMotion(one.person, one.motion, np.resize(pcm, len(one.pcm))))
    return found


def _speed(motion: Motion) -> _Series:
    """How fast the head turns, (T - 1,), smooth."""
    steps = np.linalg.norm(np.diff(motion.pose[:, :3].astype(np.float64), axis=0), axis=1)
    return np.convolve(steps, _SMOOTH, "same")


# --- the judge's answer ---


def judge_shares(
    stretches: Sequence[VoicedMotion], sounds: Sequence[NDArray[np.float32]], judge: HeadJudge
) -> tuple[Share | None, Share | None]:
    """Shares in which a window's own sound scores higher than other moments', than other people's.

    Args:
        stretches: stretches of 3 s and more.
        sounds: `prosody` of each.
        judge: scores windows.

    Returns:
        None where there is no other window to compare with.
    """
    cuts = [(i, cut) for i, one in enumerate(stretches) for cut in windows(len(one.motion))]
    scores = judge.scores(
        np.stack([stretches[i].motion.pose[cut] for i, cut in cuts]),
        np.stack([sounds[i][cut] for i, cut in cuts]),
    )
    stretch, start = np.array([(i, cut.start) for i, cut in cuts]).T
    people = np.array([stretches[i].person for i in stretch])
    sound = np.array([id(stretches[i].pcm) for i in stretch])
    moments: dict[str, list[float]] = defaultdict(list)
    voices: dict[str, list[float]] = defaultdict(list)
    for k, person in enumerate(people):
        apart = (sound != sound[k]) | (abs(start - start[k]) >= _APART)
        for rows, others in (
            (moments, (people == person) & apart),
            (voices, people != person),
        ):
            if others.any():
                rows[person].append(float((scores[k, k] > scores[k, others]).mean()))
    return _share(moments), _share(voices)


def _share(rows: dict[str, list[float]]) -> Share | None:
    if not rows:
        return None
    found = interval({person: 100 * float(np.mean(values)) for person, values in rows.items()})
    return Share(found.mean, found.low, found.high, len(rows))
