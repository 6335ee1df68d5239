"""Windows of three seconds, in which heads and brows are measured and judged."""

from typing import Final

from gioconda.media import FPS

WINDOW: Final = 3 * FPS  # frames
HOP: Final = FPS  # frames from one window to the next


def windows(frames: int) -> list[slice]:
    """The windows of a stretch of so many frames; a shorter one than `WINDOW` has none."""
    return [slice(start, start + WINDOW) for start in range(0, frames - WINDOW + 1, HOP)]
