"""Input buffers: sound as it arrived, until it is spoken or heard.

Sound may come at any rate. It waits as it came, to be given out again, and at 16 kHz, by which the
face moves; what is taken of the one is taken of the other.
"""

from collections import deque
from numbers import Integral
from typing import Final, NamedTuple

import numpy as np
import soxr

from gioconda.errors import GiocondaError
from gioconda.media import FPS, SAMPLE_RATE, Sound

SAMPLES: Final = SAMPLE_RATE // FPS  # of a frame
# The other one's sound that waits longer than the first is discarded down to the second.
_OTHER_STALE, _OTHER_FRESH = SAMPLE_RATE, SAMPLE_RATE // 5
_SLOWEST, _FASTEST = 8000, 192_000  # rates in Hz
_LOUDEST: Final = 16.0  # no voice in [-1, 1] is overdriven so far


def check_rate(rate: int, step: int = 1) -> int:
    """The rate, if sound can have it and it is a multiple of `step`. Raises GiocondaError."""
    if not isinstance(rate, Integral) or rate % step or not _SLOWEST <= rate <= _FASTEST:
        multiple = f", a multiple of {step}" if step > 1 else ""
        raise GiocondaError(
            f"expected a sample rate of {_SLOWEST} to {_FASTEST} Hz{multiple}; found {rate!r}; "
            "resample the sound"
        )
    return int(rate)


def check_sound(pcm: Sound) -> Sound:
    """The sound, if it is mono in floating point, finite and not as loud as undivided integers.

    Raises GiocondaError.
    """
    found = type(pcm).__name__
    if isinstance(pcm, np.ndarray):
        found = f"{pcm.shape} of {pcm.dtype}"
        if pcm.ndim == 1 and pcm.dtype.kind == "f":
            peak = float(np.abs(pcm).max(initial=0))
            if peak <= _LOUDEST:  # which NaN is not
                return pcm
            found = f"a peak of {peak:g}"
    raise GiocondaError(
        f"expected mono sound, (samples,) of float32 in [-1, 1]; found {found}; divide int16 by "
        "32768"
    )


class Taken(NamedTuple):
    """Sound out of an input buffer.

    Attributes:
        pcm: (samples,) 16 kHz mono in [-1, 1].
        original: the same at the rate at which it came.
        arrived: when the newest of it did; None for no sound.
    """

    pcm: Sound
    original: Sound
    arrived: float | None


class InputBuffer:
    """The sound of one utterance in the order in which it arrived.

    Args:
        rate: of the sound, in Hz.
        number: of the utterance.

    Attributes:
        number: as above.
        ended: whether it is complete.
        taken: samples at its own rate that were taken out.
    """

    def __init__(self, rate: int = SAMPLE_RATE, number: int = 0) -> None:
        self.number, self.ended, self.taken = number, False, 0
        self._rate = rate
        self._pcm = _Queue()
        self._original = self._pcm
        self._resampler = _to_16_khz(rate)
        if self._resampler is not None:
            self._original = _Queue()
        self._appended = self._resampled = 0  # samples in all, before and after
        self._out = 0  # samples at 16 kHz that were taken out

    def __len__(self) -> int:
        """Samples at 16 kHz that wait."""
        return self._pcm.size

    @property
    def begun(self) -> bool:
        """Whether any sound of it has come."""
        return self._appended > 0

    def append(self, pcm: Sound, now: float) -> None:
        """Add sound that has just arrived."""
        self._appended += len(pcm)
        if self._resampler is not None:
            self._original.append(pcm, now)
            pcm = self._resampler.resample_chunk(np.ascontiguousarray(pcm, np.float32))
        self._add(pcm, now)

    def end(self) -> None:
        """No more sound belongs to it."""
        if self._resampler is not None and not self.ended:
            rest = self._resampler.resample_chunk(np.empty(0, np.float32), last=True)
            missing = -(-self._appended * SAMPLE_RATE // self._rate) - self._resampled
            self._add(np.pad(rest, (0, max(missing - len(rest), 0)))[:missing], None)
        self.ended = True

    def peek(self, size: int) -> Sound:
        """The first samples at 16 kHz, at most `size`; they stay."""
        return self._pcm.peek(size)

    def take(self, size: int) -> Taken:
        """The first samples at 16 kHz, at most `size`."""
        pcm, arrived = self._pcm.take(size)
        if self._original is self._pcm:
            self.taken += len(pcm)
            return Taken(pcm, pcm, arrived)
        before = self._at(self._out)
        self._out += len(pcm)
        original, _ = self._original.take(self._at(self._out) - before)
        self.taken += len(original)
        return Taken(pcm, original, arrived)

    def _add(self, pcm: Sound, now: float | None) -> None:
        self._resampled += len(pcm)
        self._pcm.append(pcm, now)

    def _at(self, samples: int) -> int:
        """Where a sample at 16 kHz is at the sound's own rate."""
        return (samples * self._rate + SAMPLE_RATE // 2) // SAMPLE_RATE


class OtherBuffer:
    """The other one's sound as it is spoken, which is only heard: no pause of it is shortened.

    Not to be called by two threads at once.
    """

    def __init__(self) -> None:
        self._queue = _Queue()
        self._rate = SAMPLE_RATE
        self._resampler: soxr.ResampleStream | None = None

    def append(self, pcm: Sound, now: float, rate: int = SAMPLE_RATE) -> None:
        """Add sound that has just arrived. What then has waited too long is discarded."""
        if rate != self._rate:
            self._rate, self._resampler = rate, _to_16_khz(rate)
        if self._resampler is not None:
            pcm = self._resampler.resample_chunk(np.ascontiguousarray(pcm, np.float32))
        self._queue.append(pcm, now)
        if self._queue.size > _OTHER_STALE:
            self._queue.take(self._queue.size - _OTHER_FRESH)

    def take(self) -> Sound | None:
        """The sound of the next frame, (640,), or None while less than that waits."""
        return self._queue.take(SAMPLES)[0] if self._queue.size >= SAMPLES else None


def _to_16_khz(rate: int) -> soxr.ResampleStream | None:
    """None where there is nothing to do."""
    return None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, "float32")


class _Queue:
    """Pieces of sound in their order, each with its time of arrival.

    Attributes:
        size: samples that wait.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[float | None, Sound]] = deque()
        self.size = 0

    def append(self, pcm: Sound, now: float | None) -> None:
        if len(pcm):
            self._pieces.append((now, pcm))
            self.size += len(pcm)

    def peek(self, size: int) -> Sound:
        found, missing = [], size
        for _, pcm in self._pieces:
            if missing <= 0:
                break
            found.append(pcm[:missing])
            missing -= len(found[-1])
        return np.concatenate(found) if found else np.empty(0, np.float32)

    def take(self, size: int) -> tuple[Sound, float | None]:
        """The first samples, at most `size`, and when the last of them arrived."""
        found = self.peek(size)
        arrived, left = None, len(found)
        while left:
            arrived, pcm = self._pieces.popleft()
            if len(pcm) > left:
                self._pieces.appendleft((arrived, pcm[left:]))
            left -= min(left, len(pcm))
        self.size -= len(found)
        return found, arrived
