"""Inbox: the sound that waits to be spoken."""

from collections import deque

import numpy as np
from numpy.typing import NDArray


class Inbox:
    """Pieces of sound in the order they came, and when each came."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._size = 0

    def __len__(self) -> int:
        """Samples that wait."""
        return self._size

    def append(self, pcm: NDArray[np.float32], now: float) -> None:
        """Add sound that came just now."""
        if len(pcm):
            self._pieces.append((now, pcm))
            self._size += len(pcm)

    def look(self, size: int) -> NDArray[np.float32]:
        """The first samples, at most `size`; they stay."""
        found, missing = [], size
        for _, pcm in self._pieces:
            if missing <= 0:
                break
            found.append(pcm[:missing])
            missing -= len(found[-1])
        return np.concatenate(found) if found else np.empty(0, np.float32)

    def take(self, size: int) -> tuple[NDArray[np.float32], float | None]:
        """The first samples, at most `size`, and when the last of them came."""
        found = self.look(size)
        came, left = None, len(found)
        while left:
            came, pcm = self._pieces.popleft()
            if len(pcm) > left:
                self._pieces.appendleft((came, pcm[left:]))
            left -= min(left, len(pcm))
        self._size -= len(found)
        return found, came

    def clear(self) -> None:
        """Throw everything away."""
        self._pieces.clear()
        self._size = 0
