"""Which channels of a sound hold its voice."""

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

_RATE: Final = 16000
_BLOCK: Final = 640  # samples: a frame of video
_EMPHASIS = 0.95  # of the sample before that is taken off: hum and rumble are no voice
_FLOOR = 1.5  # times the level of the pauses: what is fainter is noise
_PAUSES = 10  # percentile of the levels that is one of a pause
_CENTRE = 0.1  # of the others' level: a centre so loud has the voice
_NEARLY = 0.02  # of likeness: what is no less like the voice than this is as good
_HALVED = 1.25  # a mean fainter than this is brought back to the voice's level


class Levels:
    """How loud each channel is where voices are, frame by frame of video.

    Args:
        channels: how many; planes of another number are passed over.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._rate: int | None = None
        self._rest = np.zeros((0, channels), np.float32)
        self._levels = bytearray()  # of float32: for an hour, arrays would be ten times as large

    def add(self, rate: int, planes: NDArray[np.float32]) -> None:
        """The next samples, (C, n)."""
        if len(planes) != self._channels:
            return
        if rate != self._rate:
            self._rate = rate
            self._resampler = soxr.ResampleStream(rate, _RATE, self._channels, quality="LQ")
        samples = self._resampler.resample_chunk(np.ascontiguousarray(planes.T))
        waiting = np.concatenate([self._rest, samples])
        whole = len(waiting) // _BLOCK * _BLOCK
        self._rest = waiting[whole:].copy()
        blocks = waiting[:whole].reshape(-1, _BLOCK, self._channels)
        mean = blocks.mean(2, keepdims=True)
        heard = np.concatenate([blocks, mean], 2)
        heard = heard[:, 1:] - np.float32(_EMPHASIS) * heard[:, :-1]
        self._levels += np.sqrt((heard**2).mean(1)).tobytes()

    def array(self) -> NDArray[np.float32]:
        """(T, C + 1): the channels, then the mean of all."""
        return np.frombuffer(self._levels, np.float32).reshape(-1, self._channels + 1)


def voice_weights(levels: NDArray[np.float32], centre: int | None) -> NDArray[np.float32] | None:
    """How much of each channel is heard, so that the voice does not cancel itself.

    The centre, where it has a voice. Else the mean of all, if it is loud where any of them is:
    so both of two people are heard who have a channel each. Where it is not, since channels are
    opposite or one is a noise, the one channel that comes nearest.

    Args:
        levels: (T, C + 1) as `Levels` gives them.
        centre: which channel is the centre's.

    Returns:
        (C,), or None where the centre, or without one the mean, is right as it is.
    """
    count = levels.shape[1] - 1
    if not len(levels):
        return None
    active = np.clip(levels - _FLOOR * np.percentile(levels, _PAUSES, axis=0), 0, None)
    if not active[:, :-1].any():
        active = levels  # a tone: nothing in it is a pause
    loudest = active[:, :-1].max(1)
    power = np.sqrt((active**2).mean(0)).astype(np.float64)
    whole = float(np.sqrt((loudest**2).mean()))
    if centre is not None and power[centre] >= _CENTRE * whole:
        return None
    shared = (active * loudest[:, None]).mean(0)
    likeness = shared / np.maximum(power * whole, 1e-12)
    alike = likeness[:-1] >= likeness[:-1].max() - _NEARLY
    best = int(np.where(alike, power[:-1], -1).argmax())
    lost = whole**2 / max(float(shared[-1]), 1e-12)  # the mean is fainter by this
    # unlike channels lose at most their number; more is lost where they cancel
    if likeness[-1] >= likeness[:-1].max() - _NEARLY and lost <= 1.05 * count:
        if centre is None and lost < _HALVED:
            return None
        return np.full(count, (lost if lost >= _HALVED else 1) / count, np.float32)
    return np.asarray(np.eye(count)[best], np.float32)
