"""Steady square crops around a face that moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.videos.stretches import Stretch, box
from gioconda.face.tracker import Track

LARGEST: Final = 512  # pixels, of the crop as it is kept
_ROOM: Final = 1.9  # heights of the face in the crop's side, where it keeps still
_MOST_ROOM: Final = 2.6  # and where it moves; if that is too little the stretch is divided
_WHOLE: Final = 0.8  # a crop of this part of a square picture takes all of it


@dataclass(frozen=True)
class Crop:
    """A square cut out of every frame of a part of a stretch; it does not move.

    Attributes:
        start, stop: the first frame in the video and the one after the last.
        left, top, side: the square in pixels of the video.
        size: side of the crop in pixels as it is kept, even, at most `LARGEST`.
        track: the mesh in pixels of the kept crop.
        alone: (T,) False where another face of at least half the size is in the crop.
    """

    start: int
    stop: int
    left: int
    top: int
    side: int
    size: int
    track: Track
    alone: NDArray[np.bool_]

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The crop of a frame of the video, (size, size, 3)."""
        part = frame[self.top : self.top + self.side, self.left : self.left + self.side]
        if self.side == self.size:
            return np.ascontiguousarray(part)
        shrunk = cv2.resize(part, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.asarray(shrunk, np.uint8)


def find_crops(stretch: Stretch) -> Iterator[Crop]:
    """Divide a stretch so that each part fits a still frame that is not much too wide.

    The frame has the video's own resolution, up to 512 pixels, and lies within the picture.
    """
    boxes = box(stretch.track.points).astype(np.float64)  # (T, 4)
    heights = np.maximum(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0])
    start = 0
    low, high, tallest = boxes[0, :2], boxes[0, 2:], heights[0]
    for i in range(1, len(boxes) + 1):
        if i < len(boxes):
            wider = np.minimum(low, boxes[i, :2]), np.maximum(high, boxes[i, 2:])
            taller = max(tallest, heights[i])
            needed = float((wider[1] - wider[0]).max()) + (_ROOM - 1) * taller
            if needed <= _MOST_ROOM * float(np.median(heights[start : i + 1])):
                low, high, tallest = *wider, taller
                continue
        side = float((high - low).max()) + (_ROOM - 1) * tallest
        yield _crop(stretch, start, i, (low + high) / 2, side)
        if i < len(boxes):
            start, low, high, tallest = i, boxes[i, :2], boxes[i, 2:], heights[i]


def _crop(
    stretch: Stretch, start: int, stop: int, middle: NDArray[np.float64], wanted: float
) -> Crop:
    height, width = stretch.track.size
    shorter = min(height, width)
    side = min(round(wanted), shorter)
    if height == width and side >= _WHOLE * shorter:
        side = shorter
    side -= side % 2
    left, top = (
        int(np.clip(round(centre - side / 2), 0, length - side))
        for centre, length in zip(middle, (width, height), strict=True)
    )
    size = min(side, LARGEST)
    part = slice(start, stop)
    # Pixel centres at integers: the kept pixel u shows the video's (u + 0.5) side / size - 0.5.
    points = stretch.track.points[part].copy()
    points[..., :2] = (points[..., :2] - [left, top] + 0.5) * (size / side) - 0.5
    points[..., 2] *= size / side
    own, other = box(stretch.track.points[part]), stretch.others[part]
    corner = np.array([left, top])
    shared = np.clip(
        np.minimum(other[:, 2:], corner + side) - np.maximum(other[:, :2], corner), 0, None
    ).prod(1)
    large = other[:, 3] - other[:, 1] > 0.5 * (own[:, 3] - own[:, 1])
    inside = shared > 0.3 * (other[:, 2:] - other[:, :2]).prod(1)
    track = Track(points, stretch.track.seen[part], (size, size))
    return Crop(
        start=stretch.start + start,
        stop=stretch.start + stop,
        left=left,
        top=top,
        side=side,
        size=size,
        track=track,
        alone=~(large & inside),
    )
