"""Pictures as the codecs of videos want them."""

from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import cv2
import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from gioconda.spans import STRIP, Spans, Turns, blocks, pixels, strips

# Of a GIF: a palette for each frame. Ordered dither keeps still what keeps still.
_PALETTE = "stats_mode=single"
_DITHER = "new=1:dither=bayer:bayer_scale=4:alpha_threshold=128"

# RGB in [0, 255] to limited-range Y, Cb, Cr in [16, 235] and [16, 240] (ITU-R BT.709-6, 3).
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_Y = 219 / 255 * np.array([_KR, _KG, _KB])
_CB = 224 / 255 * np.array([-_KR, -_KG, 1 - _KB]) / (2 * (1 - _KB))
_CR = 224 / 255 * np.array([1 - _KR, -_KG, -_KB]) / (2 * (1 - _KR))
_NAMES = {3: "rgb24", 4: "rgba"}  # of pictures, by their channels
_BT709 = 1  # ITU-T H.273, 8.3
_RGB_TO_YUV = np.column_stack([[_Y, _CB, _CR], [16, 128, 128]]).astype(np.float32)


Coder: TypeAlias = Callable[[NDArray[np.uint8], Spans | None], VideoFrame]
"""Makes a frame of a picture; told which spans are other than in the last, or None for all."""


def coder(pixels: str, shape: tuple[int, int, int], ahead: int) -> Coder:
    """What makes of each picture a frame of this format.

    Args:
        pixels: FFmpeg's name of the format.
        shape: of the pictures, uint8 (H, W, 3) RGB or (H, W, 4) with alpha; sides even.
        ahead: a frame may be filled anew when so many more were made.
    """
    if pixels in ("yuv420p", "yuva420p"):
        return _Yuv(shape, ahead)
    if pixels == "pal8":
        palettes = _Palettes(shape)
        return lambda picture, changed: palettes(picture)
    return lambda picture, changed: _frame(picture).reformat(format=pixels, dst_colorspace=_BT709)


class _Palettes:
    """Pictures of 256 colours, each of its own; alpha is all or nothing."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        height, width, channels = shape
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=width,
            height=height,
            format=VideoFormat(_NAMES[channels]),
            time_base=Fraction(1),
        )
        both = self._graph.add("split")
        palette = self._graph.add("palettegen", _PALETTE)
        use = self._graph.add("paletteuse", _DITHER)
        source.link_to(both)
        both.link_to(palette, 0, 0)
        both.link_to(use, 1, 0)
        palette.link_to(use, 0, 1)
        use.link_to(self._graph.add("buffersink"))
        self._graph.configure()
        self._count = 0

    def __call__(self, picture: NDArray[np.uint8]) -> VideoFrame:
        frame = _frame(picture)
        frame.pts, frame.time_base = self._count, Fraction(1)
        self._count += 1
        self._graph.vpush(frame)
        return self._graph.vpull()


def _frame(picture: NDArray[np.uint8]) -> VideoFrame:
    return VideoFrame.from_ndarray(picture, _NAMES[picture.shape[2]])


class _Yuv:
    """Pictures as yuv420p or yuva420p; chroma is the mean of 2 x 2 pixels."""

    def __init__(self, shape: tuple[int, int, int], ahead: int) -> None:
        self._shape = shape
        self._turns = Turns(self._empty, ahead + 1, *shape[:2])
        # of a strip, before chroma is made small
        self._yuv = np.empty(STRIP * shape[1] * 3, np.uint8)
        self._chroma = np.empty((2, STRIP * shape[1]), np.uint8)

    def _empty(self) -> tuple[VideoFrame, list[NDArray[np.uint8]]]:
        """A frame, and its planes as arrays."""
        height, width, channels = self._shape
        frame = VideoFrame(width, height, "yuva420p" if channels == 4 else "yuv420p")
        planes = [
            np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[
                :, : plane.width
            ]
            for plane in frame.planes
        ]
        return frame, planes

    def __call__(self, picture: NDArray[np.uint8], changed: Spans | None) -> VideoFrame:
        (frame, planes), stale = self._turns.next(changed)
        y, cb, cr, *alpha = planes
        for rows, columns in strips(pixels(blocks(stale, 2), 2, *self._shape[:2])):
            part = picture[rows, columns]
            height, width = part.shape[:2]
            yuv = self._yuv[: height * width * 3].reshape(height, width, 3)
            cv2.transform(part[..., :3], _RGB_TO_YUV, dst=yuv)
            whole = self._chroma[:, : height * width].reshape(2, height, width)
            cv2.split(yuv, [y[rows, columns], *whole])
            half = tuple(slice(each.start // 2, each.stop // 2) for each in (rows, columns))
            for each, plane in zip(whole, (cb, cr), strict=True):
                size = width // 2, height // 2
                cv2.resize(each, size, dst=plane[half], interpolation=cv2.INTER_AREA)
            for plane in alpha:
                cv2.extractChannel(part, 3, dst=plane[rows, columns])
        return frame
