"""Playout buffer: makes an even stream of 40 ms frames of sound out of what a network delivers.

A margin of sound waits before the first sample is played, so that the next chunk may be a little
late. Sound that is later leaves a gap of silence, which widens the margin and is remembered as a
debt: the pauses of the voice are shortened until it is paid back.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np

from gioconda.errors import GiocondaError
from gioconda.live.inputs import SAMPLES, InputBuffer, Taken
from gioconda.media import FPS, SAMPLE_RATE, Sound

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


class BufferFullError(GiocondaError):
    """More sound was sent than may wait."""


class FrameSound(NamedTuple):
    """The sound of one frame.

    Attributes:
        pcm: (640,) 16 kHz mono in [-1, 1]: what the face moves by.
        original: (rate / 25,) the same at the rate at which it came.
        arrived: when the newest of it arrived, or None for silence.
        last: whether the speech ends with it.
        utterance: whose sound it is, from its first sample to its end; None for idle silence.
        begins: whether the utterance begins with it.
        spoken: samples of the utterance so far, at its own rate.
    """

    pcm: Sound
    original: Sound
    arrived: float | None = None
    last: bool = False
    utterance: int | None = None
    begins: bool = False
    spoken: int = 0


class PlayoutBuffer:
    """The sound of a session while it speaks. Not to be called by two threads at once.

    No frame has sound of two utterances: the last one of each is filled up with silence.

    Args:
        rate: of the sound, in Hz.

    Attributes:
        underruns: gaps so far because sound was late.
        caught_up: samples at 16 kHz discarded so far to catch up.
    """

    def __init__(self, rate: int = SAMPLE_RATE) -> None:
        self.underruns = self.caught_up = 0
        self._rate = rate
        self._input = InputBuffer(rate)  # the utterance that is spoken
        self._later: deque[InputBuffer] = deque()
        self._playing = False  # sound went into the last frame
        self._gap = 0  # samples of silence since sound was late
        self._waited = 0  # frames since the last sound
        self._debt = 0  # samples of silence that pauses can give back
        self._margin = _MARGIN
        self._spare: deque[int] = deque(maxlen=FPS)  # samples that waited after each frame
        self._chunk = 0  # samples of the newest chunk
        self._loudest, self._pause = 0.0, 0

    def __len__(self) -> int:
        """Samples at 16 kHz that wait."""
        return len(self._input) + sum(map(len, self._later))

    @property
    def empty(self) -> bool:
        """Whether there is no utterance to be spoken."""
        return not (self._input.begun or self._later)

    def append(self, pcm: Sound, now: float) -> int:
        """Add a chunk that has just arrived; the number of its utterance.

        Raises BufferFullError if too much would wait.
        """
        size = len(pcm) * SAMPLE_RATE // self._rate
        if len(self) + size > CAPACITY:
            raise BufferFullError(
                f"more than {CAPACITY // SAMPLE_RATE} s of sound would wait; send it later"
            )
        newest = self._newest
        if newest.ended:
            newest = InputBuffer(self._rate, newest.number + 1)
            self._later.append(newest)
        self._chunk = size
        newest.append(pcm, now)
        return newest.number

    def end(self) -> None:
        """No more sound belongs to the newest utterance: do not wait for it."""
        if self._newest.begun:
            self._newest.end()

    def clear(self) -> None:
        """Discard what waits; the next sound begins a new speech."""
        newest = self._newest
        self._later.clear()
        self._input = InputBuffer(self._rate, newest.number + newest.begun)
        self._rest()

    def silence(self) -> FrameSound:
        """A frame that nobody speaks in."""
        return FrameSound(np.zeros(SAMPLES, np.float32), np.zeros(self._rate // FPS, np.float32))

    def take(self, microphone: bool = False) -> FrameSound:
        """The sound of the next frame; after the last one of an utterance the next may begin.

        Args:
            microphone: discard sound that has waited too long, as in a call.
        """
        if microphone:
            self._discard_stale()
        sound = self._play(microphone) if self._playing else self._begin()
        if sound.last:
            number = self._input.number
            self._input = (
                self._later.popleft() if self._later else InputBuffer(self._rate, number + 1)
            )
            self._rest()
        return sound

    # --- one frame ---

    def _play(self, microphone: bool) -> FrameSound:
        """Go on with sound that flows."""
        if microphone:
            self._trim()
        self._catch_up()
        taken = self._input.take(SAMPLES)
        self._spare.append(len(self._input))
        stops = not self._input.ended and len(taken.pcm) < SAMPLES
        if stops:
            self._playing = False
            self._spare.clear()
            self._gap, self._waited = SAMPLES - len(taken.pcm), 0
        sound = self._frame(taken, fade_out=stops)
        self._listen(sound.pcm)
        return sound

    def _begin(self) -> FrameSound:
        """Silence, then sound, so much of it that the margin goes on waiting."""
        if self._waited >= _TIMEOUT:
            self.end()
        ended, margin = self._input.ended, self._margin
        if self._gap and len(self._input):
            margin = min(margin + min(self._gap, _MARGIN_GROWTH), _MAX_MARGIN)
        # chunks that do not make up whole frames leave more at one time than at another
        uneven = self._chunk if self._chunk and SAMPLES % self._chunk else 0
        # as much must go on waiting when sound begins
        reserve = 0 if ended else max(margin, min(uneven, _MAX_MARGIN))
        size = int(np.clip(len(self._input) - reserve, 0, SAMPLES))
        if not size:
            self._waited += 1
            self._gap += SAMPLES if self._gap else 0
            return self._frame(self._input.take(0))
        late = self._gap > 0
        if late:
            self.underruns += 1
            self._debt += self._gap + SAMPLES - size
            self._margin = margin
        self._gap = self._waited = 0
        self._playing = True
        # the end of a recording is filled up behind, as offline
        sound = self._frame(self._input.take(size), behind=not ended, fade_in=late)
        self._listen(sound.pcm)
        return sound

    def _frame(
        self, taken: Taken, behind: bool = False, fade_in: bool = False, fade_out: bool = False
    ) -> FrameSound:
        """A frame of sound, filled up with silence before it (`behind`) or after."""
        pcm = _placed(taken.pcm, SAMPLES, behind, fade_in, fade_out)
        original = pcm
        if self._rate != SAMPLE_RATE:
            original = _placed(taken.original, self._rate // FPS, behind, fade_in, fade_out)
        source = self._input
        begun = source.taken > 0
        return FrameSound(
            pcm,
            original,
            taken.arrived,
            source.ended and not len(source),
            source.number if begun else None,
            begun and source.taken == len(taken.original),
            source.taken,
        )

    def _rest(self) -> None:
        """Forget how sound flowed: nothing of it is on its way."""
        self._spare.clear()
        self._playing = False
        self._gap = self._debt = self._waited = 0
        self._margin = max(_MARGIN, self._margin // 2)

    @property
    def _newest(self) -> InputBuffer:
        return self._later[-1] if self._later else self._input

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


def _placed(part: Sound, size: int, behind: bool, fade_in: bool, fade_out: bool) -> Sound:
    """A part of a frame in silence, at its end (`behind`) or its beginning."""
    frame = np.zeros(size, np.float32)
    begin = size - len(part) if behind else 0
    sound = frame[begin : begin + len(part)]
    sound[:] = part
    fade = min(_FADE * size // SAMPLES, len(part))
    if fade_in:
        sound[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    if fade_out:
        sound[len(part) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return frame
