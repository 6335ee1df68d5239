"""Faces made a little wider or longer, so that nobody's is learned by heart."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stretch:
    """A picture made wider and as much lower.

    Attributes:
        wider: by this factor.
    """

    wider: float

    @property
    def _factors(self) -> NDArray[np.float64]:
        return np.array([self.wider, 1 / self.wider])

    def points(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Points (..., 2 or more), x and y first, where they are then; changed in place."""
        points[..., :2] = (points[..., :2] + 0.5) * self._factors - 0.5
        return points

    def frame(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture (H, W, 3)."""
        height, width = frame.shape[:2]
        factors = self._factors
        matrix = np.column_stack([np.diag(factors), 0.5 * factors - 0.5])
        size = round(width * factors[0]), round(height * factors[1])
        border = cv2.BORDER_REPLICATE
        found = cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border)
        return np.asarray(found, np.uint8)
