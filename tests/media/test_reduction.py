import io

import cv2
import numpy as np
import pytest
from PIL import Image

from gioconda.media.image import decode_image

SIDE = 256


def picture(mode="RGB", size=(1700, 1100)):
    """Waves of several lengths, so that each pixel of the small picture differs from the next."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    waves = [127 + 120 * np.sin(x / a + y / b) for a, b in ((40, 90), (70, -50), (300, 60))]
    image = Image.fromarray(np.stack(waves, -1).astype(np.uint8))
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(np.where(x < 800, 255, 0).astype(np.uint8)))
    return image.convert(mode)


def decoded(image, side, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return decode_image(file.getvalue(), 10**8, side)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "I;16"])
def test_a_large_picture_is_averaged_without_a_seam(mode):
    image = picture(mode)
    whole, small = decoded(image, 10_000), decoded(image, SIDE)
    assert whole.shape == (1100, 1700, 3)
    expected = cv2.resize(whole, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert small.shape == (166, SIDE, 3)
    assert np.abs(small.astype(int) - expected).mean() < 1
    assert (
        np.abs(np.diff(small.astype(int) - expected, axis=0)).mean(axis=(1, 2)).max() < 5
    )  # seams
    assert np.abs(small.astype(int) - expected).max() <= 12


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_photo_is_upright_in_its_colours_and_looks_the_same(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    options = {"quality": 95, "exif": exif}
    whole, small = (decoded(picture(), side, kind, **options) for side in (10_000, SIDE))
    assert (whole.shape[:2], small.shape[:2]) == ((1700, 1100), (SIDE, 166))
    expected = cv2.resize(whole, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 2


def test_a_small_picture_keeps_its_pixels():
    image = picture(size=(256, 100))
    np.testing.assert_array_equal(decoded(image, SIDE), np.asarray(image))
