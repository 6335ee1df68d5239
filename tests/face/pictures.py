"""Pictures of one face, and what may be done to them."""

from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from gioconda.face.topology import BARE_SKIN, LIPS

Picture = NDArray[np.uint8]

EYES = (224, 118)  # x, y in pixels, midway between them
FACE = (175, 73, 278, 176)  # left, top, right, bottom


def astronaut() -> Picture:
    """A woman who looks at the camera, (512, 512, 3); comes with scikit-image."""
    picture: Picture = skimage.data.astronaut()
    return picture


def turned(picture: Picture, degrees: float) -> Picture:
    """Turned clockwise about the eyes."""
    matrix = cv2.getRotationMatrix2D(EYES, -degrees, 1)
    size = picture.shape[1::-1]
    made = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8)


def scaled(picture: Picture, factor: float) -> Picture:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    made = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way)
    return np.asarray(made, np.uint8)


def mirrored(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def side_by_side() -> Picture:
    """The face twice, the left one larger."""
    large, small = astronaut()[:300, 80:380], scaled(astronaut()[:300, 80:380], 0.8)
    small = np.pad(small, ((30, 30), (30, 30), (0, 0)), "edge")
    return np.concatenate([large, small], 1)


def covered(picture: Picture, points: NDArray[np.float32], what: str) -> Picture:
    """The mouth of a face, whose mesh is `points` (478, 3), behind something drawn."""
    at = points[:, :2]
    across = at[263] - at[33]
    down, mouth = np.array([-across[1], across[0]]), (at[61] + at[291]) / 2
    eyes = float(np.linalg.norm(across))
    made = picture.copy()

    def shape(corners: list[NDArray[np.float32]], colour: tuple[int, ...]) -> None:
        cv2.fillPoly(made, [np.array(corners).round().astype(np.int32)], colour)

    def line(start: Any, end: Any, wide: float, colour: tuple[int, ...]) -> None:
        ends = [tuple(np.round(end).astype(int).tolist()) for end in (start, end)]
        cv2.line(made, ends[0], ends[1], colour, max(1, round(wide * eyes)))

    if what == "mask":
        jaw = [454, 361, 397, 379, 400, 152, 176, 150, 172, 132, 234]
        shape([at[4], *at[jaw]], (225, 230, 235))
        for k in range(3):
            fold = mouth + (0.1 * k - 0.05) * down
            line(fold - across / 2, fold + across / 2, 0.01, (170, 175, 185))
    elif what == "hand":
        skin = picture[tuple(at[50].round().astype(int)[::-1])]
        for k in range(-2, 2):
            finger = mouth + (k + 0.5) * 0.17 * down
            tone = tuple((skin * (0.95 + 0.02 * k)).astype(int).tolist())
            line(finger - 0.65 * across, finger + 0.55 * across, 0.17, tone)
    elif what == "veil":
        left, right = at[4] - 1.4 * across, at[4] + 1.4 * across
        shape([left, right, right + 2 * down, left + 2 * down], (50, 35, 40))
    else:  # a microphone
        centre = tuple(np.round(mouth + 0.05 * down).astype(int).tolist())
        cv2.circle(made, centre, round(0.36 * eyes), (60, 60, 65), -1)
        line(mouth, mouth + 2 * down, 0.2, (30, 30, 30))
    return made


def line_mouthed(picture: Picture, points: NDArray[np.float32]) -> Picture:
    """The lips painted over with skin, and one thin line in their place."""
    lips = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(lips, [cv2.convexHull(points[LIPS, :2].round().astype(np.int32))], 255)
    wide = np.ones((13, 13), np.uint8)
    made = np.asarray(cv2.inpaint(picture, cv2.dilate(lips, wide), 5, cv2.INPAINT_TELEA), np.uint8)
    ends = [tuple(points[i, :2].round().astype(int).tolist()) for i in (61, 291)]
    cv2.line(made, ends[0], ends[1], (95, 55, 45), 2, cv2.LINE_AA)
    return made


def blurred(picture: Picture, points: NDArray[np.float32]) -> Picture:
    """The picture as out of focus as a face of 10 pixels between its eyes, enlarged."""
    unit = float(np.linalg.norm(points[33, :2] - points[263, :2]))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.06 * unit), np.uint8)


def drawn_eyes(picture: Picture, points: NDArray[np.float32], kind: str) -> Picture:
    """The picture with the eyes of a drawing: "huge", "round", "narrow", "dots", or "dark" ones."""
    sizes = {
        "huge": (0.8, 0.85),
        "round": (0.52, 0.36),
        "narrow": (0.7, 0.16),
        "dots": (0.2, 0.2),
        "dark": (0.45, 0.55),
    }
    across, down = sizes[kind]
    made = picture.copy()
    for side, (right, left) in ((1, (33, 133)), (-1, (362, 263))):
        middle = (points[right, :2] + points[left, :2]) / 2
        width = float(np.linalg.norm(points[left, :2] - points[right, :2]))
        x, y = points[BARE_SKIN[(1 - side) // 2], :2].astype(int)
        skin = np.median(picture[y - 3 : y + 4, x - 3 : x + 4], axis=(0, 1))

        def disc(
            right: float,
            below: float,
            wide: float,
            high: float,
            colour: Any,
            m: Any = middle,
            w: float = width,
        ) -> None:
            at = np.rint(16 * (m + w * np.array([right, below]))).astype(int).tolist()
            size = np.rint(16 * w * np.array([wide, high])).astype(int).tolist()
            ink = tuple(float(v) for v in colour)
            cv2.ellipse(made, at, size, 0, 0, 360, ink, -1, cv2.LINE_AA, 4)

        disc(0, 0, 0.75, 0.6, skin)  # of the eye below nothing is left
        if kind in ("huge", "round", "narrow"):
            disc(0, 0, across + 0.06, down + 0.06, (40, 25, 20))
            disc(0, 0, across, down, (240, 240, 236))
        iris = 0.3 if kind == "huge" else min(across, down)
        off = 0.25 * side if kind == "huge" else 0.0
        disc(
            off,
            0,
            iris,
            down if kind == "dark" else iris,
            (60, 90, 50) if kind == "huge" else (35, 25, 22),
        )
        disc(off, 0, 0.5 * iris, 0.5 * iris, (15, 12, 12))
        if kind in ("huge", "dark"):
            disc(off - 0.4 * iris, -0.4 * iris, 0.2 * iris, 0.2 * iris, (255, 255, 255))
    return made
