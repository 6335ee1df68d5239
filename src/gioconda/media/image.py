"""Pictures, in and out."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from gioconda.errors import GiocondaError
from gioconda.media.colour import srgb
from gioconda.media.files import check_readable, reason, whole_file
from gioconda.media.reduction import reduced

Picture: TypeAlias = NDArray[np.uint8]
"""(H, W, 3), RGB."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_ANIMATIONS = ("GIF", "PNG", "WEBP", "AVIF")
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_MOST_FRAMES = 64  # of an animation that are looked at
_MOST_SCANS = 100  # of a JPEG; encoders write ten. Each may cost 10 ms and only 20 bytes
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # of JPEG, but those that have no length
_SMALL_PART = 0.1  # of a picture: averaging less than that by itself is quicker
_AT_ONCE = 16  # rows that are averaged: what is made of them stays in the cache


def read_image(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Any picture that Pillow reads but EPS, and HEIC as phones write it: upright and in sRGB.

    The EXIF orientation and the colour profile are applied, transparency is laid over white,
    greyscale of 16 bits is scaled to 8 by its significant ones, and of an animation the first
    frame is taken.

    Returns RGB, uint8, (height, width, 3).
    Raises GiocondaError if there is no such file, if it is no picture, if it is cut short,
    or if it has more than `PIL.Image.MAX_IMAGE_PIXELS` pixels.
    """
    path = Path(path)
    check_readable(path)
    most = Image.MAX_IMAGE_PIXELS or 0
    with _explained(str(path), most), _open(path, most) as image:
        return _upright(image)


def read_frames(path: str | os.PathLike[str]) -> Iterator[NDArray[np.uint8]]:
    """The frames of an animation from the first on, each as `read_image` gives that one.

    Of a long one 64 are given, evenly spread; of any other picture the only one. Damage ends it.

    Raises GiocondaError, at the first frame, as `read_image`.
    """
    path = Path(path)
    check_readable(path)
    name, most = str(path), Image.MAX_IMAGE_PIXELS or 0
    with _explained(name, most):
        image = _open(path, most)
    with image:
        with _explained(name, most):
            first = _upright(image)
        yield first
        count = getattr(image, "n_frames", 1) if image.format in _ANIMATIONS else 1
        for index in range(1, looked := min(count, _MOST_FRAMES)):
            try:
                with _explained(name, most):
                    image.seek(index * count // looked)
                    frame = _upright(image)
            except GiocondaError:
                return
            yield frame


def check_order(picture: str | os.PathLike[str], other: str | os.PathLike[str], what: str) -> None:
    """Raise GiocondaError if a picture was given as `what`, and something else as the picture."""
    if Path(picture).is_file() and not _is_picture(Path(picture)) and _is_picture(Path(other)):
        raise GiocondaError(
            f"{os.fspath(picture)} is not a picture, but {os.fspath(other)} is; give the picture "
            f"first, then {what}."
        )


def _is_picture(path: Path) -> bool:
    """By its beginning; whether the rest is whole is not looked at."""
    try:
        with _explained(str(path), most := Image.MAX_IMAGE_PIXELS or 0), _open(path, most):
            return True
    except TooLargeError:
        return True
    except (GiocondaError, OSError, ValueError):
        return False


def decode_image(data: bytes, most_pixels: int, side: int) -> NDArray[np.uint8]:
    """As `read_image`, for a picture that somebody sent: JPEG, PNG or WebP.

    Its dimensions are looked at before anything is decoded. If its longer side is longer than
    `side` it is made smaller to that.

    Raises:
        TooLargeError: if it has more pixels.
        GiocondaError: as `read_image`, and if it has another format, or is a JPEG of more than a
            hundred scans, which would take hours.
    """
    formats = ("JPEG", "PNG", "WEBP")
    if data.startswith(b"\xff\xd8") and (scans := _scans(data)) > _MOST_SCANS:
        raise GiocondaError(
            f"the upload is a JPEG of {scans} scans; expected at most {_MOST_SCANS}, save it again."
        )
    with (
        _explained("the upload", most_pixels),
        _open(BytesIO(data), most_pixels, formats) as image,
    ):
        return srgb(ImageOps.exif_transpose(reduced(image, side)))


def _scans(jpeg: bytes) -> int:
    """How many scans a JPEG has (ITU-T T.81, B.1.1)."""
    count, at = 0, 2
    while (marker := _MARKER.search(jpeg, at)) is not None and marker[0] != b"\xff\xd9":
        count += marker[0] == b"\xff\xda"
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2], "big")
    return count


class TooLargeError(GiocondaError):
    """A picture has more pixels than are taken."""


def _upright(image: Image.Image) -> NDArray[np.uint8]:
    image.load()
    return srgb(ImageOps.exif_transpose(image))


def _open(
    source: Path | BytesIO, most_pixels: int, formats: tuple[str, ...] | None = None
) -> Image.Image:
    if isinstance(source, Path) and _is_heif(source):
        from pi_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
    image = Image.open(source, formats=formats)
    if image.format == "EPS":  # whose pixels Pillow has Ghostscript make, which runs what it says
        image.close()
        raise UnidentifiedImageError
    if image.width * image.height > most_pixels:
        image.close()
        raise Image.DecompressionBombError
    return image


@contextmanager
def _explained(name: str, most_pixels: int) -> Iterator[None]:
    """What goes wrong in the block becomes a GiocondaError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise TooLargeError(
                f"{name} is too large; expected at most {most_pixels} pixels, "
                "make it smaller first."
            ) from error
        except UnidentifiedImageError as error:
            raise GiocondaError(
                f"{name} cannot be read as a picture; save it as JPEG, PNG or WebP."
            ) from error
        except Exception as error:  # Pillow's decoders raise nearly anything on damaged data
            raise GiocondaError(
                f"{name} is a damaged picture ({reason(error)}); save or download it again."
            ) from error


def _is_heif(path: Path) -> bool:
    """By the brand in the file's first box (ISO/IEC 23008-12, 10.2); AVIF is Pillow's own."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:] in _HEIF


def write_image(path: str | os.PathLike[str], rgb: NDArray[np.uint8]) -> None:
    """Write a picture whose format is that of the name: .png, .jpg, .jpeg or .webp.

    `rgb` is uint8, (height, width, 3). The file appears under its name only when it is whole.
    Raises GiocondaError if the name ends otherwise or the file cannot be written.
    """
    image = Image.fromarray(_checked(rgb))
    with whole_file(path, SUFFIXES) as file:
        image.save(file, quality=95, subsampling=0)  # each format takes what it knows


def _checked(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"a picture of {rgb.dtype} {rgb.shape}; expected uint8 (H, W, 3)")
    return np.ascontiguousarray(rgb)


def cut_out(
    image: NDArray[np.uint8],
    matrix: NDArray[np.floating],
    size: tuple[int, int],
    border: int = cv2.BORDER_REPLICATE,
) -> NDArray[np.uint8]:
    """A turned and scaled part of a picture; averaged where it is made smaller.

    Args:
        image: (H, W, 3).
        matrix: (2, 3) from the picture's pixels (x, y, 1) to the part's; centres at integers.
        size: width and height of the part in pixels.
        border: what lies beyond the picture, one of OpenCV's BORDER_ constants.

    Returns:
        (height, width, 3).
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    if scale < 0.5:
        height, width = image.shape[:2]
        smaller = max(1, round(scale * width)), max(1, round(scale * height))
        x, y = width / smaller[0], height / smaller[1]
        back = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
        matrix = matrix @ back
        corners = np.array([[0, 0], [size[0], 0], [0, size[1]], [size[0], size[1]]])
        seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        low, high = np.floor(seen.min(0)).astype(int) - 1, np.ceil(seen.max(0)).astype(int) + 2
        inside = (low >= 0).all() and (high <= smaller).all()  # no border is seen
        if inside and np.prod(high - low) < _SMALL_PART * np.prod(smaller):
            image = _averaged(image, smaller, low, high)
            matrix = matrix @ np.array([[1, 0, low[0]], [0, 1, low[1]], [0, 0, 1]])
        else:
            image = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    part = cv2.warpAffine(image, matrix.astype(np.float64), size, flags=flags, borderMode=border)
    return np.asarray(part, np.uint8)


def _averaged(
    image: NDArray[np.uint8],
    smaller: tuple[int, int],
    low: NDArray[np.int_],
    high: NDArray[np.int_],
) -> NDArray[np.uint8]:
    """What `cv2.resize` to a smaller width and height by INTER_AREA gives, from `low` to `high`.

    A sum of pixels over a box with fractions at its edges is read off the integral of the part.
    """
    across, down = image.shape[1] / smaller[0], image.shape[0] / smaller[1]
    (left, right), (top, bottom) = (
        (int(np.floor(a * step)), int(np.ceil(b * step)))
        for a, b, step in zip(low, high, (across, down), strict=True)
    )
    total = cv2.integral(image[top:bottom, left:right])
    columns = np.arange(low[0], high[0] + 1) * across - left
    part = np.empty((high[1] - low[1], high[0] - low[0], image.shape[2]), np.uint8)
    for first in range(0, len(part), _AT_ONCE):
        out = part[first : first + _AT_ONCE]
        rows = np.arange(low[1] + first, low[1] + first + len(out) + 1) * down - top
        sums = _between(_between(total, rows, 0), columns, 1)
        out[:] = np.rint(sums / (across * down))
    return part


def _between(
    total: NDArray[np.integer | np.floating], edges: NDArray[np.float64], axis: int
) -> NDArray[np.float64]:
    """Sums from each edge to the next, of a total that is linear between whole pixels."""
    before = np.clip(np.floor(edges).astype(int), 0, total.shape[axis] - 2)
    fraction = (edges - before)[:, None, None] if axis == 0 else (edges - before)[:, None]
    first, second = total.take(before, axis), total.take(before + 1, axis)
    second -= first
    at_edges = fraction * second
    at_edges += first
    return np.diff(at_edges, axis=axis)


def sample(
    image: NDArray[np.uint8], flow: NDArray[np.float32], out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """A picture looked up along a flow, bilinearly; mirrored beyond its border.

    Args:
        image: (H, W, C).
        flow: (h, w, 2) where in the picture each pixel comes from, x and y.
        out: (h, w, C) memory for the answer, if there is some already.

    Returns:
        (h, w, C).
    """
    border = cv2.BORDER_REFLECT_101
    # OpenCV's stubs do not know that one map of pairs is enough
    part = cv2.remap(  # type: ignore[call-overload]
        image, flow, None, cv2.INTER_LINEAR, dst=out, borderMode=border
    )
    return np.asarray(part, np.uint8)
