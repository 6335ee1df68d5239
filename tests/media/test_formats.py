"""Every kind of output, read back by PyAV and Pillow."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gioconda.errors import GiocondaError
from gioconda.media.audio import SAMPLE_RATE, read_audio
from gioconda.media.formats import FORMATS, format_of
from gioconda.media.video import FPS, VideoWriter

NAMES = ("a.mp4", "a.webm", "a.mov", "a.gif", "a.webp", "a/")
CLEAR = tuple(name for name in NAMES if name != "a.mp4")
COUNT, HEIGHT, WIDTH = 10, 48, 64
ONE_BIT = ("a.gif",)  # alpha is all or nothing

Picture = NDArray[np.uint8]


def pictures(alpha: bool) -> Iterator[Picture]:
    """Smooth colours that say by their red which frame they are; the left third is clear."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for index in range(COUNT):
        red = np.full((HEIGHT, WIDTH), 20 * index + 30)
        cover = np.clip((x - WIDTH // 3) * 8, 0, 255)
        layers = (red, 100 + 2 * y, 60 + x, *((cover,) if alpha else ()))
        yield np.stack(layers, -1).astype(np.uint8)


def write(
    folder: Path, name: str, alpha: bool = False, audio: NDArray[np.float32] | None = None
) -> Path:
    with VideoWriter(f"{folder}/{name}", HEIGHT, WIDTH, audio, alpha=alpha) as video:
        for picture in pictures(alpha):
            video.write(picture)
    return folder / name


def read(path: Path, alpha: bool) -> tuple[NDArray[np.int_], list[float]]:
    """Frames (T, H, W, 3 or 4), and how long each is shown, in seconds."""
    if path.is_dir():
        files = sorted(path.iterdir())
        assert [file.name for file in files] == [f"{i + 1:06d}.png" for i in range(len(files))]
        return np.stack([np.asarray(Image.open(file)).astype(int) for file in files]), []
    if path.suffix in (".gif", ".webp"):
        with Image.open(path) as image:
            found, lengths = [], []
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                image.load()
                lengths.append(image.info["duration"] / 1000)
                found.append(np.asarray(image.convert("RGBA" if alpha else "RGB")).astype(int))
            assert image.info["loop"] == 0  # for ever
        return np.stack(found), lengths
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = None  # FFmpeg's own of VP9 passes over the alpha
        if path.suffix == ".webm":
            assert not alpha or stream.metadata.get("alpha_mode") == "1"
            decoder = av.CodecContext.create("libvpx-vp9", "r")
        found, times = [], []
        for packet in container.demux(stream):
            for frame in decoder.decode(packet) if decoder else packet.decode():
                assert frame.colorspace == 1  # BT.709
                form = "rgba" if alpha else "rgb24"
                found.append(frame.to_ndarray(format=form, src_colorspace=1).astype(int))
                times.append(float((frame.pts or 0) * (stream.time_base or 0)))
    return np.stack(found), [*np.diff(times)]


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_comes_back_in_its_time(tmp_path: Path, name: str) -> None:
    back, lengths = read(write(tmp_path, name), alpha=False)
    assert back.shape == (COUNT, HEIGHT, WIDTH, 3)
    assert np.abs(back - np.stack([*pictures(False)])).mean() < 4
    np.testing.assert_allclose(lengths, 1 / FPS, atol=0.0011)  # Matroska counts milliseconds


@pytest.mark.parametrize("name", CLEAR)
def test_what_is_clear_stays_clear(tmp_path: Path, name: str) -> None:
    back, _ = read(write(tmp_path, name, alpha=True), alpha=True)
    expected = np.stack([*pictures(True)]).astype(int)
    assert back.shape == expected.shape
    alpha = np.where(expected[..., 3] >= 128, 255, 0) if name in ONE_BIT else expected[..., 3]
    assert np.abs(back[..., 3] - alpha).max() <= 12
    seen = expected[..., 3] == 255
    assert np.abs(back - expected)[seen].mean() < 4


@pytest.mark.parametrize("name", ["a.mov", "a/"])
def test_what_is_for_editing_loses_next_to_nothing(tmp_path: Path, name: str) -> None:
    back, _ = read(write(tmp_path, name, alpha=True), alpha=True)
    assert np.abs(back - np.stack([*pictures(True)])).max() <= 2


def click() -> NDArray[np.float32]:
    audio = np.zeros(COUNT * SAMPLE_RATE // FPS, np.float32)
    audio[3200:3216] = 0.9
    return audio


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mov"])
def test_sound_is_in_step_within_a_frame(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, audio=click())
    heard = np.abs(read_audio(path)).argmax() / SAMPLE_RATE
    assert abs(heard - 0.2) < 0.2 / FPS
    with av.open(str(path)) as container:
        assert float(container.duration or 0) / av.time_base == pytest.approx(
            COUNT / FPS, abs=1 / FPS
        )


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a/"])
def test_sound_is_left_out_where_there_is_no_place_for_it(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, audio=click())
    assert "no sound" in (format_of(f"{tmp_path}/{name}").left_out or "")
    assert len(read(path, alpha=False)[0]) == COUNT


def test_standard_output_is_a_film_that_can_be_read_while_it_comes(tmp_path: Path) -> None:
    code = (
        "from tests.media.test_formats import pictures, click\n"
        "from gioconda.media import VideoWriter\n"
        "with VideoWriter('-', 48, 64, click()) as video:\n"
        "    for picture in pictures(False): video.write(picture)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert b"moof" in done.stdout
    path = tmp_path / "a.mp4"
    path.write_bytes(done.stdout)
    back, lengths = read(path, alpha=False)
    assert np.abs(back - np.stack([*pictures(False)])).mean() < 4
    np.testing.assert_allclose(lengths, 1 / FPS, atol=1e-3)
    heard = np.abs(read_audio(path)).argmax() / SAMPLE_RATE
    assert abs(heard - 0.2) < 0.2 / FPS


def test_a_name_says_its_format_or_what_there_is() -> None:
    assert format_of("A.WEBM") is FORMATS["webm"]
    assert format_of("frames/") is FORMATS["png"]
    for name in ("a.avi", "a", "a.png", ""):
        with pytest.raises(GiocondaError, match=r"expected \.mp4, \.webm, \.mov, \.gif, \.webp, a"):
            format_of(name)


def test_a_film_without_alpha_is_refused_with_what_has_it(tmp_path: Path) -> None:
    with pytest.raises(GiocondaError, match=r"mp4 cannot be transparent; expected \.webm, \.mov"):
        write(tmp_path, "a.mp4", alpha=True)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path, "a/")  # an empty one is filled
    with pytest.raises(GiocondaError, match="is not empty; name a new folder"):
        write(tmp_path, "a/")
    (tmp_path / "b").write_text("mine")
    with pytest.raises(GiocondaError, match="is a file"):
        write(tmp_path, "b/")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("name", ["a.webm", "50%d/"])
def test_a_film_that_fails_leaves_nothing(tmp_path: Path, name: str) -> None:
    def fail(then: Callable[[VideoWriter], object]) -> None:
        with VideoWriter(f"{tmp_path}/{name}", HEIGHT, WIDTH, None) as video:
            for picture in pictures(False):
                video.write(picture)
            then(video)

    with pytest.raises(ZeroDivisionError):
        fail(lambda video: 1 / 0)
    assert not list(tmp_path.iterdir())
    fail(lambda video: None)
    assert [file.name for file in tmp_path.iterdir()] == [name.rstrip("/")]


@pytest.mark.parametrize("name", NAMES)
def test_only_what_holds_a_manifest_is_sealed(tmp_path: Path, name: str) -> None:
    sealed: list[Path] = []
    with VideoWriter(f"{tmp_path}/{name}", HEIGHT, WIDTH, None, sealed.append) as video:
        for picture in pictures(False):
            video.write(picture)
    expected = {"a.webm": 0, "a/": COUNT}.get(name, 1)
    assert len(sealed) == expected
