"""Reduction: a large picture made smaller in little memory, before its colours are converted."""

import math

from PIL import Image

_STRIP = 2**20  # pixels of the large picture that are converted at a time
_BEYOND = 2  # rows
_WHOLE = ("L", "RGB", "CMYK", "RGBA", "LA", "I", "F")  # modes whose values can be averaged


def reduced(image: Image.Image, side: int) -> Image.Image:
    """The picture with a longer side of `side`, averaged; itself if it is no larger.

    A JPEG is decoded to a half, a quarter or an eighth where that is enough. Metadata stay.

    Args:
        image: opened, not yet loaded.
        side: pixels.
    """
    if max(image.size) <= side:
        image.load()
        return image
    scale = side / max(image.size)
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    image.draft(None, size)  # may make it smaller, but not too small
    image.load()
    mode = _mode(image)
    small = Image.new(mode, size)
    small.info = {key: value for key, value in image.info.items() if key != "transparency"}
    step = image.height / size[1]  # rows of the large picture to one of the small
    rows = max(int(_STRIP / (image.width * step)), 1)
    for top in range(0, size[1], rows):
        # what the filter sees beyond a strip comes with it
        high, low = max(top - _BEYOND, 0), min(top + rows + _BEYOND, size[1])
        begin, end = high * step, min(low * step, image.height)
        first, last = math.floor(begin), math.ceil(end)
        strip = image.crop((0, first, image.width, last)).convert(mode)
        box = (0, begin - first, image.width, end - first)
        strip = strip.resize((size[0], low - high), Image.Resampling.HAMMING, box)
        small.paste(strip.crop((0, top - high, size[0], low - high)), (0, top))
    return small


def _mode(image: Image.Image) -> str:
    if image.has_transparency_data:
        return "RGBA"
    if image.mode.startswith("I;16"):
        return "I"
    return image.mode if image.mode in _WHOLE else "RGB"
