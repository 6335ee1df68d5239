"""Find the hands of a picture.

MediaPipe's palm detector: it sees the palm, not the fingers, for palms keep their shape. Where
the fingers may be is told from the palm's own size.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face.networks import network
from gioconda.media import cut_out

_NETWORK = "palm_detection_full"
_LEAST = 0.5
_OVERLAP = 0.3
# Cells a side and outputs a cell of the network's two grids.
_GRIDS = ((24, 2), (12, 6))
# Among the keypoints: the wrist and the roots of the four fingers.
_WRIST, _ROOTS = 0, (1, 2, 3, 4)
# A stretched finger, from its root, in distances between wrist and root.
_FINGER = 1.0


@dataclass(frozen=True)
class Hand:
    """A hand found in a picture.

    Attributes:
        box: left, top, right, bottom of the palm in pixels, (4,).
        keypoints: wrist; roots of index, middle, ring and little finger; the thumb's two
            joints next to the palm; in pixels, (7, 2).
        confidence: 0 to 1.
    """

    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    confidence: float

    def outline(self) -> NDArray[np.float32]:
        """A convex contour around palm and fingers, the fingers stretched, (N, 2) in pixels."""
        wrist, roots = self.keypoints[_WRIST], self.keypoints[list(_ROOTS)]
        tips = roots + _FINGER * (roots - wrist)
        hull = cv2.convexHull(np.concatenate([self.keypoints, tips]))
        return np.asarray(hull, np.float32).reshape(-1, 2)


def find_hands(image: NDArray[np.uint8]) -> list[Hand]:
    """The hands of a picture, the surest first.

    Palms from about a tenth of the picture's longer side on are found.

    Args:
        image: (H, W, 3) RGB.

    Raises:
        GiocondaError: if the package lacks the network's file.
    """
    compiled = network(_NETWORK)
    pixels = int(compiled.input(0).shape[1])
    height, width = image.shape[:2]
    side = max(height, width)
    scale = pixels / side
    shift_x, shift_y = (side - width) * scale / 2, (side - height) * scale / 2
    matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]])
    view = cut_out(image, matrix, (pixels, pixels), cv2.BORDER_CONSTANT)
    answer = compiled(view[None].astype(np.float32) / 255)
    values, logits = answer[0][0], answer[1][0, :, 0]
    scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
    kept: list[Hand] = []
    for i in sorted(np.flatnonzero(scores >= _LEAST), key=lambda i: -scores[i]):
        middle = values[i, :2] / pixels + _anchors()[i]
        half = values[i, 2:4] / pixels / 2
        points = values[i, 4:].reshape(7, 2) / pixels + _anchors()[i]
        corners = np.concatenate([[middle - half, middle + half], points])
        placed = (corners * side - [(side - width) / 2, (side - height) / 2]).astype(np.float32)
        hand = Hand(placed[:2].reshape(4), placed[2:], float(scores[i]))
        if all(_overlap(hand.box, other.box) < _OVERLAP for other in kept):
            kept.append(hand)
    return kept


@cache
def _anchors() -> NDArray[np.float32]:
    """Centres of the cells that the outputs belong to, (N, 2), in units of the view's side."""
    anchors = []
    for cells, outputs in _GRIDS:
        axis = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(axis, axis)
        anchors.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), outputs, axis=0))
    return np.concatenate(anchors).astype(np.float32)


def _overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    both = float(np.prod(np.clip(high - low, 0, None)))
    areas = [float(np.prod(box[2:] - box[:2])) for box in (a, b)]
    return both / max(sum(areas) - both, 1e-9)
