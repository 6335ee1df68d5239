"""Pictures as the codecs of videos want them."""

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from numpy.typing import NDArray

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


def coder(pixels: str, shape: tuple[int, int, int]) -> Callable[[NDArray[np.uint8]], VideoFrame]:
    """What makes of each picture a frame of this format.

    Args:
        pixels: FFmpeg's name of the format.
        shape: of the pictures, uint8 (H, W, 3) RGB or (H, W, 4) with alpha; sides even.
    """
    if pixels in ("yuv420p", "yuva420p"):
        return _to_yuv
    if pixels == "pal8":
        return _Palettes(shape)
    return lambda picture: _frame(picture).reformat(format=pixels, dst_colorspace=_BT709)


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


def _to_yuv(picture: NDArray[np.uint8]) -> VideoFrame:
    """A picture to yuv420p or yuva420p; chroma is the mean of 2 x 2 pixels."""
    height, width, channels = picture.shape
    frame = VideoFrame(width, height, "yuva420p" if channels == 4 else "yuv420p")
    y, cb, cr, *alpha = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[
            :, : plane.width
        ]
        for plane in frame.planes
    )
    yuv = cv2.transform(picture[..., :3], _RGB_TO_YUV)
    half = cv2.resize(yuv, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    cv2.extractChannel(yuv, 0, dst=y)
    cv2.extractChannel(half, 1, dst=cb)
    cv2.extractChannel(half, 2, dst=cr)
    for plane in alpha:
        cv2.extractChannel(picture, 3, dst=plane)
    return frame
