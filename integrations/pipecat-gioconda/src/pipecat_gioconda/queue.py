"""Queue: frames of the pipeline that wait until the sound before them has come out."""

from collections import deque
from collections.abc import Iterator

from pipecat.frames.frames import Frame, TTSAudioRawFrame

# How far speech has come: an utterance, and samples of it.
Position = tuple[int, float]
_NOTHING: Position = (-1, 0)


class SpeechQueue:
    """Frames in their order, each with the end of the sound that precedes it.

    Sound itself waits here too, so that none is lost if the avatar fails.
    """

    def __init__(self) -> None:
        self._frames: deque[tuple[Position, Frame]] = deque()
        self._appended = self._spoken = _NOTHING

    @property
    def done(self) -> bool:
        """Whether all sound has come out."""
        return self._spoken >= self._appended

    def append(self, frame: TTSAudioRawFrame, utterance: int, samples: int) -> None:
        """Add sound that a session was given."""
        begun, before = self._appended
        self._appended = (utterance, samples + (before if begun == utterance else 0))
        self._frames.append((self._appended, frame))

    def hold(self, frame: Frame) -> bool:
        """Add a frame that follows the sound so far; False if it has to wait for nothing."""
        if self.done and not self._frames:
            return False
        self._frames.append((self._appended, frame))
        return True

    def context(self) -> TTSAudioRawFrame | None:
        """The sound that is spoken now, as the synthesiser gave it."""
        return next((f for _, f in self._frames if isinstance(f, TTSAudioRawFrame)), None)

    def spoken(self, position: Position) -> Iterator[Frame]:
        """The frames whose sound has come out by now, without that sound."""
        while self._frames and self._frames[0][0] <= position:
            _, frame = self._frames.popleft()
            if not isinstance(frame, TTSAudioRawFrame):
                yield frame
        self._spoken = position

    def interrupt(self) -> list[Frame] | None:
        """Discard what may be discarded; the frames that may not.

        None, and nothing is discarded, if sound is among those.
        """
        kept = [frame for _, frame in self._frames if not frame.interruptible]
        if any(isinstance(frame, TTSAudioRawFrame) for frame in kept):
            return None
        self._frames.clear()
        self._appended = self._spoken
        return kept

    def unspoken(self) -> Frame | None:
        """The next frame, with as much of its sound as has not come out; None when all are out."""
        if not self._frames:
            self._appended = self._spoken
            return None
        (utterance, end), frame = self._frames.popleft()
        if not isinstance(frame, TTSAudioRawFrame) or self._spoken[0] != utterance:
            return frame
        rest = 2 * int(end - self._spoken[1])  # bytes: it is mono, at the session's rate
        return like(frame, frame.audio[max(len(frame.audio) - rest, 0) :], frame.sample_rate)


def like(frame: TTSAudioRawFrame, audio: bytes, rate: int) -> TTSAudioRawFrame:
    """Other sound of the same context."""
    made = TTSAudioRawFrame(audio, rate, 1, context_id=frame.context_id)
    made.transport_destination = frame.transport_destination
    made.interruptible = frame.interruptible
    return made
