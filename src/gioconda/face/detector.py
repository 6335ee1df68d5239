"""Find the faces of a picture.

Two of MediaPipe's detectors look, at the picture's own scale, with a border around it
and in parts, so that close-ups and small faces are seen too; then both look again at
what either proposed. An animal passes one of them, a human-like face both.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face.networks import network
from gioconda.media import cut_out

_SHORT, _FULL = "face_detection_short_range", "face_detection_full_range_sparse"
_PROPOSE, _AGREE = 0.4, 0.5
_OVERLAP = 0.5
_FINEST = 720  # pixels of the parts in which faces of 64 pixels are seen surely
_SMALL = 1 / 16  # of the picture's longer side: placed too roughly for a mesh
_STEP = 0.75  # from part to part, of a part: a face lies whole in one
_Found = tuple[NDArray[np.float32], NDArray[np.float32], float]  # box, keypoints, confidence


@dataclass(frozen=True)
class Detection:
    """A face found in a picture.

    Attributes:
        box: left, top, right, bottom in pixels, from brows to chin, (4,).
        keypoints: right eye, left eye, nose tip, mouth, right ear, left ear in pixels, (6, 2).
        short_range: the short-range detector's confidence, 0 to 1.
        full_range: the full-range detector's confidence in the same face, 0 to 1.
    """

    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    short_range: float
    full_range: float

    @property
    def size(self) -> float:
        """The box's longer side in pixels."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def human(self) -> bool:
        """Whether both detectors see a human-like face."""
        return min(self.short_range, self.full_range) >= _AGREE


def detect(image: NDArray[np.uint8]) -> list[Detection]:
    """All faces of a picture, the largest first; animals included (see `Detection.human`).

    Args:
        image: (H, W, 3) RGB.
    """
    height, width = image.shape[:2]
    proposals = []
    for border in (1.0, 1.8, 0.6):
        side = max(height, width) * border
        centres = [(width / 2, height / 2)]
        if border < 1:  # overlapping tiles, for small faces
            low, right, bottom = side / 2, width - side / 2, height - side / 2
            centres = [
                (min(x, width / 2) if right < low else x, min(y, height / 2) if bottom < low else y)
                for x in (low, max(right, low))
                for y in (low, max(bottom, low))
            ]
        for centre in centres:
            proposals += _run(_FULL, image, centre, side, _PROPOSE)
            proposals += _run(_SHORT, image, centre, side, _PROPOSE)
    return _agreed(image, proposals)


def detect_small(image: NDArray[np.uint8]) -> list[Detection]:
    """Faces that are small against their picture, down to 64 pixels: as `detect`, but slow.

    Args:
        image: (H, W, 3) RGB.
    """
    height, width = image.shape[:2]
    proposals = []
    side = 0.6 * max(height, width)  # `detect` has looked at such parts
    while side > _FINEST:
        side /= 2
        for left, top in product(_starts(width, side), _starts(height, side)):
            part = np.ascontiguousarray(image[top : top + round(side), left : left + round(side)])
            for box, keypoints, score in _run(_FULL, part, (side / 2, side / 2), side, _PROPOSE):
                corner = np.array([left, top], np.float32)
                proposals.append((box + np.tile(corner, 2), keypoints + corner, score))
    return _agreed(image, proposals)


def _starts(length: int, side: float) -> NDArray[np.int64]:
    """Where parts of a side begin so that they cover a length, evenly spread."""
    rest = max(length - side, 0)
    return np.linspace(0, rest, 1 + ceil(rest / (_STEP * side))).astype(np.int64)


def _agreed(image: NDArray[np.uint8], proposals: list[_Found]) -> list[Detection]:
    """The proposals, each looked at again by both detectors; the largest first."""
    faces = []
    placed = [near for found in _suppress(proposals) for near in _placed(image, found)]
    for box, keypoints, _ in _suppress(placed):
        centre = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        size = max(box[2] - box[0], box[3] - box[1])
        short, full = (
            max(
                (
                    confidence
                    for margin in margins
                    for second, _, confidence in _run(name, image, centre, size * margin, 0.1)
                    if overlap(box, second) > _OVERLAP
                ),
                default=0.0,
            )
            for name, margins in ((_SHORT, (2.2, 1.6)), (_FULL, (4.0, 2.2)))
        )
        faces.append(Detection(box, keypoints, short, full))
    return sorted(faces, key=lambda face: -face.size)


def _placed(image: NDArray[np.uint8], found: _Found) -> list[_Found]:
    """A face; one that is a few pixels of what was looked at, as seen from near."""
    low, high = found[0][:2], found[0][2:]
    size, middle = float(max(high - low)), (low + high) / 2
    if size > _SMALL * max(image.shape[:2]):
        return [found]
    return _run(_SHORT, image, (float(middle[0]), float(middle[1])), 2.2 * size, _PROPOSE)


def _run(
    name: str, image: NDArray[np.uint8], centre: tuple[float, float], side: float, least: float
) -> list[_Found]:
    """What one detector finds in a square of the picture, in the picture's pixels."""
    compiled = network(name)
    pixels = int(compiled.input(0).shape[1])
    scale = pixels / side
    middle = (pixels - 1) / 2
    matrix = np.array(
        [[scale, 0, middle - scale * centre[0]], [0, scale, middle - scale * centre[1]]]
    )
    crop = cut_out(image, matrix, (pixels, pixels), cv2.BORDER_CONSTANT)
    # a request of its own: portraits are made in several threads
    answer = compiled.create_infer_request().infer([crop[None].astype(np.float32) / 127.5 - 1])
    boxes, logits = (answer[i][0] for i in range(2))
    scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
    found = []
    for i in np.flatnonzero(scores >= least):
        values = boxes[i].reshape(8, 2) / pixels
        middle_of_box = values[0] + _anchors(name)[i]
        keypoints = values[2:] + _anchors(name)[i]
        corner = np.array([middle_of_box - values[1] / 2, middle_of_box + values[1] / 2])
        to_picture = side * np.concatenate([corner, keypoints]) + np.array(centre) - side / 2
        points = to_picture.astype(np.float32)
        found.append((points[:2].reshape(4), points[2:], float(scores[i])))
    return found


@cache
def _anchors(name: str) -> NDArray[np.float32]:
    """Centres of the cells that the outputs belong to, (N, 2), in units of the square's side."""
    grids = ((48, 1),) if name == _FULL else ((16, 2), (8, 6))  # cells a side, outputs a cell
    anchors = []
    for cells, outputs in grids:
        axis = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(axis, axis)
        anchors.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), outputs, axis=0))
    return np.concatenate(anchors).astype(np.float32)


def _suppress(found: list[_Found]) -> list[_Found]:
    """Detections of the same face brought down to the surest."""
    kept: list[_Found] = []
    for candidate in sorted(found, key=lambda item: -item[2]):
        if all(overlap(candidate[0], other[0]) < _OVERLAP for other in kept):
            kept.append(candidate)
    return kept


def overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """How much of the smaller of two boxes (left, top, right, bottom) lies in the other, 0 to 1."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    both = float(np.prod(np.clip(high - low, 0, None)))
    return both / max(min(float(np.prod(box[2:] - box[:2])) for box in (a, b)), 1e-9)
