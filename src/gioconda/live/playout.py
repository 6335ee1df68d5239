"""Playout buffer: makes an even stream of 40 ms frames of sound out of what a network delivers.

A margin of sound waits before the first sample is played, so that the next chunk may be a little
late. Sound that is later leaves a gap of silence, which widens the margin and is remembered as a
debt: the pauses of the voice are shortened until it is paid back.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np

from gioconda.errors import GiocondaError
from gioconda.media import FPS, SAMPLE_RATE, Sound

SAMPLES: Final = SAMPLE_RATE // FPS  # of a frame
STEP: Final = 1 / FPS  # seconds
CAPACITY: Final = 120 * SAMPLE_RATE  # samples that may wait

# The margin in samples: what it is at first, at most, and by how much it grows at once.
_MARGIN, _MAX_MARGIN, _MARGIN_GROWTH = SAMPLE_RATE // 100, SAMPLE_RATE // 5, SAMPLE_RATE // 25
_MARGIN_DECAY: Final = 0.8  # of a microphone's margin, in a second without an underrun
_TIMEOUT: Final = FPS  # frames without sound after which the speech is taken to have ended
_FADE: Final = 32  # samples
# A pause is shortened to so many frames. It is quieter than a share of the loudest frame of late,
# which is forgotten at a rate for each frame, or than a level at which nothing is heard.
_PAUSE, _QUIET_SHARE, _QUIET, _FORGET = 3, 0.05, 0.002, 0.98
# A microphone's sound that waits longer than the first is discarded down to the second.
_STALE, _FRESH = 2 * SAMPLE_RATE // 5, SAMPLE_RATE // 10
# The same of the other one's, to which the face need not react as soon.
_OTHER_STALE, _OTHER_FRESH = SAMPLE_RATE, SAMPLE_RATE // 5


class BufferFullError(GiocondaError):
    """More sound was sent than may wait."""


class InputBuffer:
    """Chunks of sound in the order in which they arrived, each with its time of arrival."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[float, Sound]] = deque()
        self._size = 0

    def __len__(self) -> int:
        """Samples that wait."""
        return self._size

    def append(self, pcm: Sound, now: float) -> None:
        """Add sound that has just arrived."""
        if len(pcm):
            self._chunks.append((now, pcm))
            self._size += len(pcm)

    def peek(self, size: int) -> Sound:
        """The first samples, at most `size`; they stay."""
        found, missing = [], size
        for _, pcm in self._chunks:
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
            arrived, pcm = self._chunks.popleft()
            if len(pcm) > left:
                self._chunks.appendleft((arrived, pcm[left:]))
            left -= min(left, len(pcm))
        self._size -= len(found)
        return found, arrived

    def clear(self) -> None:
        """Discard everything."""
        self._chunks.clear()
        self._size = 0


class OtherBuffer:
    """The other one's sound as it is spoken, which is only heard: no pause of it is shortened.

    Not to be called by two threads at once.
    """

    def __init__(self) -> None:
        self._input = InputBuffer()

    def append(self, pcm: Sound, now: float) -> None:
        """Add sound that has just arrived. What then has waited too long is discarded."""
        self._input.append(pcm, now)
        if len(self._input) > _OTHER_STALE:
            self._input.take(len(self._input) - _OTHER_FRESH)

    def take(self) -> Sound | None:
        """The sound of the next frame, (640,), or None while less than that waits."""
        return self._input.take(SAMPLES)[0] if len(self._input) >= SAMPLES else None


class FrameSound(NamedTuple):
    """The sound of one frame.

    Attributes:
        pcm: (640,) 16 kHz mono in [-1, 1].
        arrived: when the newest of it arrived, or None for silence.
        last: whether the speech ends with it.
    """

    pcm: Sound
    arrived: float | None
    last: bool = False


class PlayoutBuffer:
    """The sound of a session while it speaks. Not to be called by two threads at once.

    Attributes:
        underruns: gaps so far because sound was late.
        caught_up: samples discarded so far to catch up.
    """

    def __init__(self) -> None:
        self.underruns = self.caught_up = 0
        self._input = InputBuffer()
        self._ended = False  # no more sound belongs to this speech
        self._playing = False  # sound went into the last frame
        self._gap = 0  # samples of silence since sound was late
        self._waited = 0  # frames since the last sound
        self._debt = 0  # samples of silence that pauses can give back
        self._margin = _MARGIN
        self._spare: deque[int] = deque(maxlen=FPS)  # samples that waited after each frame
        self._chunk = 0  # samples of the newest chunk
        self._loudest, self._pause = 0.0, 0

    def __len__(self) -> int:
        """Samples that wait."""
        return len(self._input)

    def append(self, pcm: Sound, now: float) -> None:
        """Add a chunk that has just arrived. Raises BufferFullError if too much would wait."""
        if len(self._input) + len(pcm) > CAPACITY:
            raise BufferFullError(
                f"more than {CAPACITY // SAMPLE_RATE} s of sound would wait; send it later"
            )
        self._ended = False
        self._chunk = len(pcm)
        self._input.append(pcm, now)

    def end(self) -> None:
        """No more sound belongs to this speech: do not wait for it."""
        self._ended = True

    def clear(self) -> None:
        """Discard what waits; the next sound begins a new speech."""
        self._input.clear()
        self._spare.clear()
        self._ended = self._playing = False
        self._gap = self._debt = self._waited = 0
        self._margin = max(_MARGIN, self._margin // 2)

    def take(self, microphone: bool = False) -> FrameSound:
        """The sound of the next frame; after the last one the buffer is clear.

        Args:
            microphone: discard sound that has waited too long, as in a call.
        """
        if microphone:
            self._discard_stale()
        sound = self._play(microphone) if self._playing else self._begin()
        if sound.last:
            self.clear()
        return sound

    # --- one frame ---

    def _play(self, microphone: bool) -> FrameSound:
        """Go on with sound that flows."""
        if microphone:
            self._trim()
        self._catch_up()
        pcm, arrived = self._input.take(SAMPLES)
        self._spare.append(len(self._input))
        frame = np.zeros(SAMPLES, np.float32)
        frame[: len(pcm)] = pcm
        if not self._ended and len(pcm) < SAMPLES:
            fade = min(_FADE, len(pcm))
            frame[len(pcm) - fade : len(pcm)] *= np.linspace(1, 0, fade, dtype=np.float32)
            self._playing = False
            self._spare.clear()
            self._gap, self._waited = SAMPLES - len(pcm), 0
        self._listen(frame)
        return FrameSound(frame, arrived, self._ended and not len(self._input))

    def _begin(self) -> FrameSound:
        """Silence, then sound, so much of it that the margin goes on waiting."""
        margin = self._margin
        if self._gap and len(self._input):
            margin = min(margin + min(self._gap, _MARGIN_GROWTH), _MAX_MARGIN)
        # chunks that do not make up whole frames leave more at one time than at another
        uneven = self._chunk if self._chunk and SAMPLES % self._chunk else 0
        # as much must go on waiting when sound begins
        reserve = 0 if self._ended else max(margin, min(uneven, _MAX_MARGIN))
        size = int(np.clip(len(self._input) - reserve, 0, SAMPLES))
        frame = np.zeros(SAMPLES, np.float32)
        if not size:
            self._waited += 1
            self._gap += SAMPLES if self._gap else 0
            last = self._waited > _TIMEOUT or (self._ended and not len(self._input))
            return FrameSound(frame, None, last)
        pcm, arrived = self._input.take(size)
        # the end of a recording is filled up behind, as offline
        begin = 0 if self._ended else SAMPLES - size
        frame[begin : begin + size] = pcm
        if self._gap:
            fade = min(_FADE, size)
            frame[begin : begin + fade] *= np.linspace(0, 1, fade, dtype=np.float32)
            self.underruns += 1
            self._debt += self._gap + SAMPLES - size
            self._margin = margin
        self._gap = self._waited = 0
        self._playing = True
        self._listen(frame)
        return FrameSound(frame, arrived, self._ended and not len(self._input))

    # --- catching up ---

    def _catch_up(self) -> None:
        """Shorten the pause that is on, if silence had to be put in before."""
        while (
            self._debt >= SAMPLES
            and self._pause >= _PAUSE
            and len(self._input) >= 2 * SAMPLES + self._margin
            and self._quiet(self._input.peek(SAMPLES))
        ):
            self._discard(SAMPLES)

    def _trim(self) -> None:
        """Discard from a microphone's pause what was not needed for a second.

        Its clock may be quicker than ours, and what came in a burst would wait for good.
        """
        if self._pause < _PAUSE or len(self._spare) < FPS:
            return
        self._margin = max(_MARGIN, int(_MARGIN_DECAY * self._margin))
        spare = min(self._spare) - self._margin
        self._spare.clear()
        if spare > 0 and self._quiet(self._input.peek(spare)):
            self._discard(spare)

    def _discard_stale(self) -> None:
        if len(self._input) > _STALE:
            self._discard(len(self._input) - _FRESH)
            self._spare.clear()
            self._debt = 0

    def _discard(self, size: int) -> None:
        self._input.take(size)
        self._debt = max(self._debt - size, 0)
        self.caught_up += size

    def _listen(self, pcm: Sound) -> None:
        """Notice how loud the voice is and whether it pauses."""
        self._pause = self._pause + 1 if self._quiet(pcm) else 0
        self._loudest = max(self._loudest * _FORGET, _loudness(pcm))

    def _quiet(self, pcm: Sound) -> bool:
        return _loudness(pcm) < max(self._loudest * _QUIET_SHARE, _QUIET)


def _loudness(pcm: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(pcm))))
