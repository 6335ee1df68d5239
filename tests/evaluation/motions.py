"""Motion made for the tests, its lips, head, eyes and lids moved as asked."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gioconda.evaluation.trials import Trial
from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.generator.bank import released_bank
from gioconda.media import FPS
from gioconda.motion import Motion


@cache
def opener() -> NDArray[np.float32]:
    """Change of the dynamics (D,) that opens the mouth by 0.1 inter-ocular distances."""
    basis = released_basis()
    gaps = np.array(
        [_opening(np.eye(len(basis.dynamics))[i], basis) for i in range(len(basis.dynamics))]
    )
    change = np.zeros(len(gaps), np.float32)
    best = basis.lower.start + int(np.argmax(np.abs(gaps[basis.lower])))
    change[best] = np.sign(gaps[best])
    return change * np.float32(0.1 / _opening(change, basis))


def _opening(change: NDArray[np.floating], basis: Basis) -> float:
    faces = basis.rebuild(2 * change[None], basis.mean)
    closed = basis.rebuild(-2 * change[None], basis.mean)
    return float(measure.mouth_opening(faces)[0] - measure.mouth_opening(closed)[0]) / 2


def syllables(frames: int, seed: int = 0) -> NDArray[np.float64]:
    """How far the mouth is open, (frames,), 0 to 1: smooth, three to four times a second."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(size=frames + 8), np.hanning(7), "same")[4 : frames + 4]
    return np.clip(noise / np.abs(noise).max(), 0, 1)


def talking(opening: NDArray[np.floating]) -> Motion:
    """A head at rest whose mouth is open by so many tenths of the inter-ocular distance, (T,)."""
    dynamics = opening[:, None].astype(np.float32) * opener()
    return Motion(np.zeros((len(opening), 6), np.float32), dynamics, released_basis().name)


def blinking(frames: int, onsets: list[int]) -> Motion:
    """Eyes that shut and open within five frames."""
    basis = released_basis()
    shut = np.zeros(frames)
    for onset in onsets:
        shut[onset : onset + 5] = [0.3, 0.8, 1.0, 0.6, 0.25]
    dynamics = np.zeros((frames, len(basis.dynamics)), np.float32)
    dynamics[:, basis.upper] = shut[:, None] * released_bank().shut
    return Motion(np.zeros((frames, 6), np.float32), dynamics, basis.name)


def trial(motion: Motion, **facts: object) -> Trial:
    """A trial of the mean face that speaks all the time."""
    frames = len(motion)
    given: dict[str, object] = {
        "name": "a",
        "person": "p",
        "source": "s",
        "motion": motion,
        "seen": np.ones(frames, bool),
        "neutral": released_basis().mean,
        "speech": slice(0, frames),
        "pcm": np.zeros(frames * 16000 // FPS, np.float32),
        "phones": (),
    }
    return Trial(**(given | facts))  # type: ignore[arg-type]
