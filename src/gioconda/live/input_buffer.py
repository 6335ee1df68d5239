"""Input buffer: the sound that has arrived and not been spoken."""

from collections import deque

import numpy as np
from numpy.typing import NDArray


class InputBuffer:
    """Chunks of sound in the order in which they arrived, each with its time of arrival."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._size = 0

    def __len__(self) -> int:
        """Samples that wait."""
        return self._size

    def append(self, pcm: NDArray[np.float32], now: float) -> None:
        """Add sound that has just arrived."""
        if len(pcm):
            self._chunks.append((now, pcm))
            self._size += len(pcm)

    def peek(self, size: int) -> NDArray[np.float32]:
        """The first samples, at most `size`; they stay."""
        found, missing = [], size
        for _, pcm in self._chunks:
            if missing <= 0:
                break
            found.append(pcm[:missing])
            missing -= len(found[-1])
        return np.concatenate(found) if found else np.empty(0, np.float32)

    def take(self, size: int) -> tuple[NDArray[np.float32], float | None]:
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
