import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from gioconda.errors import GiocondaError
from gioconda.media.image import cut_out, decode_image, read_frames, read_image, write_image

RED = (255, 0, 0)


def saved(folder: Path, image: Image.Image, name: str = "a.png", **options: Any) -> Path:
    if name.lower().endswith(".heic"):  # what reads it cannot write it
        image.info.update(icc_profile=options.pop("icc_profile", None))
        pillow_heif.from_pillow(image).save(folder / name, **options)
    else:
        image.save(folder / name, **options)
    return folder / name


def only_color(rgb: NDArray[np.uint8]) -> tuple[int, ...]:
    assert rgb.dtype == np.uint8
    assert rgb.shape[2] == 3
    assert (rgb == rgb[0, 0]).all()
    return tuple(rgb[0, 0].tolist())


@pytest.mark.parametrize(
    ("mode", "fill", "name", "expected"),
    [
        ("RGB", (10, 20, 30), "a.png", (10, 20, 30)),
        ("L", 77, "a.png", (77, 77, 77)),
        ("1", 1, "a.png", (255, 255, 255)),
        ("P", 0, "a.gif", (0, 0, 0)),
        ("RGBA", (0, 0, 0, 0), "a.png", (255, 255, 255)),
        ("RGBA", (255, 0, 0, 128), "a.png", (255, 127, 127)),
        ("LA", (0, 128), "a.png", (127, 127, 127)),
        ("LA", (0, 0), "a.tif", (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), "a.tif", RED),
        ("LAB", (255, 128, 128), "a.tif", None),
        ("I;16", 65535, "a.png", (255, 255, 255)),
        ("I;16", 32768, "a.png", (128, 128, 128)),
        ("I;16", 255, "a.tif", (255, 255, 255)),
        ("I", 40000, "a.tif", (156, 156, 156)),
        ("F", 0.5, "a.tif", (128, 128, 128)),
        ("F", 200.0, "a.tif", (200, 200, 200)),
        ("F", float("nan"), "a.tif", (0, 0, 0)),
    ],
)
def test_every_mode_becomes_rgb(
    tmp_path: Path, mode: str, fill: Any, name: str, expected: tuple[int, ...] | None
) -> None:
    rgb = read_image(saved(tmp_path, Image.new(mode, (5, 3), fill), name))
    assert rgb.shape == (3, 5, 3)
    color = only_color(rgb)
    assert expected is None or color == expected


def test_a_cmyk_jpeg_keeps_its_colour(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "a.jpg")
    assert np.abs(np.array(only_color(read_image(path))) - RED).max() <= 3


@pytest.mark.parametrize(("form", "transparency"), [("P", 0), ("RGB", RED), ("L", 9)])
def test_a_transparent_palette_entry_or_colour_shows_white(
    tmp_path: Path, form: str, transparency: Any
) -> None:
    image = Image.new(form, (4, 4), transparency)
    if form == "P":
        image.putpalette(RED)
    path = saved(tmp_path, image, transparency=transparency)
    assert only_color(read_image(path)) == (255, 255, 255)


def test_a_palette_with_alpha_is_laid_over_white(tmp_path: Path) -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette(RED)
    path = saved(tmp_path, image, transparency=bytes([128]))
    assert only_color(read_image(path)) == (255, 127, 127)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((8, 16, 3), np.uint8)
    upright[:, 8:] = 255
    upright[4:, :, 0] = 128
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.fromarray(np.ascontiguousarray(turned)), exif=exif.tobytes())
    np.testing.assert_array_equal(read_image(path), upright)


def test_sixteen_bit_pictures_are_turned_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, Image.new("I;16", (7, 3), 65535), exif=exif.tobytes())
    assert read_image(path).shape == (7, 3, 3)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), "blue")
    for name in ("a.gif", "a.webp"):
        path = saved(tmp_path, first, name, save_all=True, append_images=[second], **lossless(name))
        assert only_color(read_image(path)) == RED


def lossless(name: str) -> dict[str, bool]:
    return {"lossless": True} if name.endswith("webp") else {}


def test_the_frames_of_an_animation_come_in_order_and_a_long_one_is_thinned(
    tmp_path: Path,
) -> None:
    greys = [Image.new("L", (4, 4), level) for level in range(200)]
    for count, levels in ((3, [0, 1, 2]), (200, [k * 200 // 64 for k in range(64)])):
        path = saved(tmp_path, greys[0], "a.gif", save_all=True, append_images=greys[1:count])
        assert [only_color(frame)[0] for frame in read_frames(path)] == levels
    assert len(list(read_frames(saved(tmp_path, greys[0])))) == 1


def test_damage_after_the_first_frame_ends_an_animation(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)) for _ in range(4)]
    path = saved(tmp_path, noise[0], "a.gif", save_all=True, append_images=noise[1:])
    path.write_bytes(path.read_bytes()[:-1000])
    assert 1 <= len(list(read_frames(path))) <= 4


# --- colour ---


def swapped_profile() -> bytes:
    """sRGB with red and green exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    table = 128 + 4 + 12 * int.from_bytes(profile[128:132], "big")  # ICC.1:2022, 7.3
    head = profile[:table].replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ")
    return head.replace(b"----", b"gXYZ") + profile[table:]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.heic"])
def test_a_colour_profile_is_applied(tmp_path: Path, name: str) -> None:
    red = Image.new("RGB", (16, 16), RED)
    path = saved(tmp_path, red, name, icc_profile=swapped_profile(), quality=100)
    assert np.abs(np.array(only_color(read_image(path))) - (0, 255, 0)).max() <= 4


def test_a_profile_holds_for_pictures_with_transparency_and_palettes(tmp_path: Path) -> None:
    half = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    path = saved(tmp_path, half, icc_profile=swapped_profile())
    assert np.abs(np.array(only_color(read_image(path))) - (127, 255, 127)).max() <= 2
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette(RED)
    path = saved(tmp_path, palette, icc_profile=swapped_profile())
    assert np.abs(np.array(only_color(read_image(path))) - (0, 255, 0)).max() <= 2


def test_srgb_said_by_a_profile_changes_no_pixel(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path, Image.fromarray(noise), icc_profile=profile)
    np.testing.assert_array_equal(read_image(path), noise)


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 200, swapped_profile()[:300]])
def test_a_damaged_profile_is_passed_over(tmp_path: Path, profile: bytes) -> None:
    path = saved(tmp_path, Image.new("RGB", (4, 4), RED), icc_profile=profile)
    assert only_color(read_image(path)) == RED


def test_a_profile_of_other_colours_is_passed_over(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("L", (4, 4), 77), icc_profile=swapped_profile())
    assert only_color(read_image(path)) == (77, 77, 77)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bit_greys_are_as_light_as_their_significant_bits_say(
    tmp_path: Path, bits: int, name: str
) -> None:
    ramp = np.linspace(0, 0.9 * (2**bits - 1), 256).round().astype(np.uint16)
    path = saved(tmp_path, Image.fromarray(np.tile(ramp, (4, 1))), name)
    expected = ramp * 255.0 / (2**bits - 1)
    assert np.abs(read_image(path)[0, :, 0] - expected).max() <= 0.5


# --- HEIC ---


def test_a_phones_heic_is_read_upright(tmp_path: Path) -> None:
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, 48:] = (250, 40, 40)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(
        tmp_path, Image.fromarray(picture), "IMG_0001.HEIC", exif=exif.tobytes(), quality=100
    )
    upright = np.rot90(picture, -1)
    assert read_image(path).shape == upright.shape
    assert np.abs(read_image(path).astype(int) - upright).mean() < 3
    renamed = path.rename(tmp_path / "IMG_0001.jpg")  # as some programs rename it
    assert read_image(renamed).shape == upright.shape


def test_a_heic_needs_nobody_to_prepare_pillow(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGB", (64, 64), RED), "a.heic")
    code = f"from gioconda.media import read_image; print(read_image({str(path)!r}).shape)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.stdout == "(64, 64, 3)\n", told.stderr


def test_a_heic_cut_short_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), "a.heic")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(GiocondaError):
        read_image(path)


def test_a_picture_of_one_pixel_is_read(tmp_path: Path) -> None:
    assert read_image(saved(tmp_path, Image.new("RGB", (1, 1), RED))).tolist() == [[list(RED)]]


def test_missing_folder_and_empty_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    for name, reason in (("no.jpg", "does not exist"), ("", "folder"), ("empty.jpg", "empty")):
        with pytest.raises(GiocondaError, match=reason):
            read_image(tmp_path / name)


def test_text_named_jpg_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("not a picture")
    with pytest.raises(GiocondaError, match="cannot be read as a picture"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.tif", "a.bmp"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_truncated_picture_is_refused(tmp_path: Path, name: str, part: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), name)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(GiocondaError) as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_picture_never_shows_a_traceback(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    for name in ("a.png", "a.jpg", "a.gif", "a.tif", "a.webp"):
        data = bytearray(saved(tmp_path, Image.fromarray(noise), name).read_bytes())
        for _ in range(40):
            damaged = data.copy()
            for at in rng.integers(0, len(data), 8):
                damaged[at] = rng.integers(256)
            (tmp_path / name).write_bytes(damaged)
            with suppress(GiocondaError):
                assert read_image(tmp_path / name).dtype == np.uint8


@pytest.mark.parametrize("pixels", [150, 40])
def test_a_huge_picture_is_refused(
    tmp_path: Path, pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, Image.new("L", (20, 10)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
    with pytest.raises(GiocondaError, match=f"too large; expected at most {pixels} pixels"):
        read_image(path)


def progressive(scans: int) -> bytes:
    """A JPEG whose last scan comes again and again."""
    file = io.BytesIO()
    Image.new("RGB", (64, 32), RED).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (scans - data.count(b"\xff\xda")) + data[-2:]


def test_a_picture_of_a_thousand_scans_is_refused() -> None:
    """Each takes milliseconds and 20 bytes, so that 20 MB would take hours."""
    assert decode_image(progressive(100), 10**6, 512).shape == (32, 64, 3)
    # what follows the picture, such as a film that a phone appends, is not looked at
    assert decode_image(progressive(10) + b"\xff\xda" * 999, 10**6, 512).shape == (32, 64, 3)
    with pytest.raises(GiocondaError, match="a JPEG of 1000 scans; expected at most 100"):
        decode_image(progressive(1000), 10**6, 512)


@pytest.mark.parametrize(("name", "worst"), [("a.png", 0), ("a.jpg", 6), ("a.webp", 12)])
def test_what_is_written_is_read_back(tmp_path: Path, name: str, worst: int) -> None:
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    rgb = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], 128), axis=2).astype(np.uint8)
    write_image(tmp_path / name, rgb)
    back = read_image(tmp_path / name)
    assert np.abs(back.astype(int) - rgb).max() <= worst
    assert os.listdir(tmp_path) == [name]


def test_a_picture_is_written_over_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "a.PNG"
    for value in (1, 2):
        write_image(path, np.full((2, 2, 3), value, np.uint8))
    assert only_color(read_image(path)) == (2, 2, 2)


def test_writing_fails_clearly_and_leaves_nothing(tmp_path: Path) -> None:
    rgb = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(GiocondaError, match=r"ends in '\.txt'"):
        write_image(tmp_path / "a.txt", rgb)
    with pytest.raises(GiocondaError, match="does not exist"):
        write_image(tmp_path / "no" / "a.png", rgb)
    with pytest.raises(GiocondaError, match="cannot be written"):
        write_image(tmp_path / "a.jpg", np.zeros((1, 70000, 3), np.uint8))  # JPEG's limit: 65535
    with pytest.raises(ValueError, match="expected uint8"):
        write_image(tmp_path / "a.png", rgb[..., 0])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("scale", "corner"), [(0.47, (400, 300)), (0.21, (333, 555))])
def test_a_small_part_of_a_picture_is_averaged_as_all_of_it_is(scale, corner):
    picture = np.random.default_rng(0).integers(0, 256, (1001, 1200, 3), dtype=np.uint8)
    turn = scale * np.array([[0.98, 0.199], [-0.199, 0.98]])
    matrix = np.column_stack([turn, -turn @ corner])
    part = cut_out(picture, matrix, (60, 40))
    # so wide that all of the picture is averaged
    wide = cut_out(picture, matrix + [[0, 0, 2000], [0, 0, 2000]], (2060, 2040))[2000:, 2000:]
    off = np.abs(part.astype(int) - wide)
    assert off.max() <= 1
    assert (off > 0).mean() < 0.01


def test_eps_which_another_program_would_run_is_no_picture(tmp_path):
    path = tmp_path / "face.eps"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(GiocondaError, match=r"eps"):
        read_image(path)
