"""A decoded picture's pixels, whatever they mean, as sRGB of 8 bits."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_LATTICE = 9  # steps of each channel at which a profile is compared with sRGB
_SAME = 2  # levels: rounding of a profile that is sRGB under another name
_DEPTHS = (8, 10, 12, 14, 16)  # significant bits that cameras and scanners give
_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}  # of the pixels, and in a profile


def srgb(image: Image.Image) -> NDArray[np.uint8]:
    """Any picture that Pillow decoded, without transparency: RGB, uint8, (height, width, 3).

    An embedded colour profile is applied, transparency is laid over white, and greyscale of
    more than 8 bits is scaled by its significant bits.
    """
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        grey = Image.fromarray(_eight_bits(np.asarray(image, np.float64), image.mode))
        return np.array(_by_profile(grey, image.info.get("icc_profile")))
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        colours = _by_profile(image.convert("RGB"), profile)
        white = Image.new("RGB", image.size, "white")
        return np.array(Image.composite(colours, white, image.getchannel("A")))
    return np.array(_by_profile(image, profile))


def _by_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB. A profile that is damaged or of other colours is passed over."""
    if image.mode not in _SPACES:
        image = image.convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if source.profile.xcolor_space.strip() == _SPACES[image.mode]:
                return _transformed(image, source)
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert("RGB")


def _transformed(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    way = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        image.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if image.mode == "RGB":
        # most profiles are sRGB itself, whose pixels need no rounding twice
        axis = np.linspace(0, 255, _LATTICE).astype(np.uint8)
        lattice = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(1, -1, 3)
        there = np.asarray(ImageCms.applyTransform(Image.fromarray(lattice), way))
        if np.abs(there.astype(int) - lattice).max() <= _SAME:
            return image
    changed = ImageCms.applyTransform(image, way)
    assert changed is not None  # it was not asked to work in place
    return changed


def _eight_bits(grey: NDArray[np.float64], mode: str) -> NDArray[np.uint8]:
    """Grey values of a 16-bit, 32-bit or float picture, scaled to [0, 255].

    Cameras and scanners leave the upper bits of 16 empty, and only the values tell how many.
    Mode I mostly holds 16 bits as well, and float pictures come with white at 1, at 255, or
    anywhere.
    """
    grey = np.nan_to_num(grey, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(grey.max())
    if mode == "F":
        white = next((white for white in (1.0, 255.0) if top <= white), top)
    else:
        whites = (2.0**bits - 1 for bits in _DEPTHS)
        white = next((white for white in whites if top <= white), 2.0**31 - 1)
    return np.rint(np.clip(grey / white, 0, 1) * 255).astype(np.uint8)
