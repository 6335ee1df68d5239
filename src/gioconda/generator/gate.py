"""The voice gate: shuts the mouth where no voice sounds."""


class VoiceGate:
    """How far the mouth may move, 0 to 1, frame by frame.

    Opens for a voice within a few frames, holds through a short pause, then shuts.

    Args:
        rise: of the way to open, a frame.
        fall: of the way to shut, a frame.
        hold: frames of a pause through which it stays open.
        at_once: a sound that begins in the middle of a word finds it open.
    """

    def __init__(self, rise: float, fall: float, hold: int, at_once: bool = False) -> None:
        self._rise, self._fall, self._hold = rise, fall, hold
        self._open: float | None = None if at_once else 0.0  # None before the first frame
        self._pause = hold

    def next(self, voice: bool) -> float:
        """How far it is open in the next frame.

        Args:
            voice: whether one sounds in that frame.
        """
        self._pause = 0 if voice else self._pause + 1
        if self._open is None:
            self._open = float(voice)
        elif self._pause < self._hold:
            self._open += (1 - self._open) * self._rise
        else:
            self._open -= self._open * self._fall
        return self._open
