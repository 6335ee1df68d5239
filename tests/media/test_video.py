import errno
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.media.audio import SAMPLE_RATE, read_audio
from gioconda.media.video import FPS, VideoWriter, read_video

from .samples import write_pictures, write_sound

COLORS = [
    (0, 0, 0), (128, 128, 128), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255),
    (255, 255, 0), (0, 255, 255), (255, 0, 255), (224, 172, 105), (141, 85, 36), (30, 60, 90),
]  # fmt: skip


def flat(color: tuple[int, ...] | int, height: int = 32, width: int = 48) -> NDArray[np.uint8]:
    return np.full((height, width, 3), color, np.uint8)


def numbered(count: int) -> Iterator[NDArray[np.uint8]]:
    """Grey pictures that say by their level which one they are."""
    return (flat(min(index * 240 // count + 8, 255)) for index in range(count))


def write(path: Path, count: int, audio: NDArray[np.float32] | None = None) -> Path:
    with VideoWriter(path, 32, 48, audio) as video:
        for frame in numbered(count):
            video.write(frame)
    return path


def portrait_like(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 17 + k) + np.cos(y / 23 - k) + np.sin((x + y) / 7) / 4 for k in range(3)]
    return np.clip(128 + 45 * np.stack(waves, axis=2), 0, 255).astype(np.uint8)


# --- written ---


def test_colours_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 32, 48, None) as video:
        for color in COLORS:
            video.write(flat(color))
    back = np.stack(list(read_video(path))).astype(int)
    assert np.abs(back - np.array(COLORS)[:, None, None]).max() <= 3


def test_the_file_says_how_its_colours_are_coded(tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / "a.mp4", 2))) as container:
        context = container.streams.video[0].codec_context
        codes = (context.colorspace, context.color_primaries, context.color_trc)
        assert codes == (1, 1, 1)  # BT.709
        assert context.color_range == 1  # limited
        assert context.pix_fmt == "yuv420p"
        assert context.name == "h264"
        assert container.streams.video[0].average_rate == FPS


@pytest.mark.parametrize(("height", "width"), [(256, 256), (98, 66), (2, 2)])
def test_a_picture_comes_back_with_little_loss(tmp_path: Path, height: int, width: int) -> None:
    path = tmp_path / "a.mp4"
    picture = portrait_like(height, width)
    with VideoWriter(path, height, width, None) as video:
        for _ in range(5):
            video.write(picture)
    back = list(read_video(path))
    assert [frame.shape for frame in back] == [(height, width, 3)] * 5
    error = np.mean((np.stack(back).astype(float) - picture) ** 2)
    assert 10 * np.log10(255**2 / error) > 38


def test_the_callers_array_may_be_reused(tmp_path: Path) -> None:
    path, frame = tmp_path / "a.mp4", flat(0)
    with VideoWriter(path, 32, 48, None) as video:
        for level in range(0, 250, 10):
            frame[:] = level
            video.write(frame)
            frame[:] = 255
    levels = [float(back.mean()) for back in read_video(path)]
    np.testing.assert_allclose(levels, range(0, 250, 10), atol=3)


def test_a_strided_view_is_written_as_it_looks(tmp_path: Path) -> None:
    path, picture = tmp_path / "a.mp4", portrait_like(64, 64)
    with VideoWriter(path, 64, 64, None) as video:
        video.write(picture[:, ::-1])
    error = next(read_video(path)).astype(float) - picture[:, ::-1]
    assert np.abs(error).mean() < 3


@pytest.mark.parametrize("click", [0.5, 1.0, 2.9])
def test_a_click_stays_at_its_time(tmp_path: Path, click: float) -> None:
    audio = np.zeros(3 * SAMPLE_RATE, np.float32)
    audio[round(click * SAMPLE_RATE)] = 0.9
    heard = np.abs(read_audio(write(tmp_path / "a.mp4", 75, audio))).argmax() / SAMPLE_RATE
    assert abs(heard - click) <= 0.002


@pytest.mark.parametrize("seconds", [0.2, 2.0, 3.0])
def test_the_sound_is_cut_or_filled_to_the_frames(tmp_path: Path, seconds: float) -> None:
    audio = np.full(round(seconds * SAMPLE_RATE), 0.5, np.float32)
    path = write(tmp_path / "a.mp4", 51, audio)
    with av.open(str(path)) as container:
        for stream in container.streams:
            assert stream.start_time == 0
            assert stream.duration is not None
            assert stream.time_base is not None
            assert stream.duration * stream.time_base == Fraction(51, FPS)
    assert abs(read_audio(path).size / SAMPLE_RATE - 51 / FPS) <= 0.04


def test_speech_like_sound_comes_back_well(tmp_path: Path) -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    voice = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 40))
    audio = (0.2 * voice * (1 + np.sin(2 * np.pi * 4 * time)) / 2).astype(np.float32)
    back = read_audio(write(tmp_path / "a.mp4", 50, audio))[: audio.size]
    assert 10 * np.log10(np.var(audio) / np.var(back - audio)) > 20


def test_without_sound_there_is_no_sound_track(tmp_path: Path) -> None:
    with pytest.raises(GiocondaError, match="no sound"):
        read_audio(write(tmp_path / "a.mp4", 3))


def test_the_index_is_in_front(tmp_path: Path) -> None:
    data = write(tmp_path / "a.mp4", 30, np.zeros(20000, np.float32)).read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_sound_and_picture_lie_side_by_side(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", 250, np.full(250 * 640, 0.5, np.float32))
    with av.open(str(path)) as container:
        times = {0: 0.0, 1: 0.0}
        for packet in container.demux():
            if packet.dts is not None and packet.time_base is not None:
                times[packet.stream_index] = float(packet.dts * packet.time_base)
                assert abs(times[0] - times[1]) < 1.5


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.mp4"

    def interrupted() -> None:
        with VideoWriter(path, 32, 48, np.zeros(16000, np.float32)) as video:
            for frame in numbered(60):
                video.write(frame)
            raise error

    with pytest.raises(error):
        interrupted()
    assert os.listdir(tmp_path) == []
    path.write_text("older")
    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "older"
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_nothing_has_the_final_name_until_the_end(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 32, 48, None) as video:
        video.write(flat(0))
        assert all(name.startswith(".") for name in os.listdir(tmp_path))
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_no_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GiocondaError, match="no frames"):
        write(tmp_path / "a.mp4", 0)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(GiocondaError, match="cannot be written: No space left on device"):
        write(tmp_path / "a.mp4", 3)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("a.mp4", (33, 48), "48 x 33 pixels; expected an even"),
        ("a.mp4", (32, 47), "47 x 32 pixels; expected an even"),
        ("a.mp4", (0, 48), "expected an even"),
        ("a.avi", (32, 48), r"ends in '\.avi'; expected \.mp4"),
        ("no/a.mp4", (32, 48), "does not exist"),
    ],
)
def test_a_writer_refuses_at_once(
    tmp_path: Path, name: str, size: tuple[int, int], reason: str
) -> None:
    with pytest.raises(GiocondaError, match=reason):
        VideoWriter(tmp_path / name, *size, None)
    assert os.listdir(tmp_path) == []


def test_wrong_arrays_are_a_callers_mistake(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="expected"),
        VideoWriter(tmp_path / "a.mp4", 32, 48, None) as video,
    ):
        video.write(flat(0, 48, 32))
    with pytest.raises(ValueError, match="float32"):
        VideoWriter(tmp_path / "a.mp4", 32, 48, np.zeros(100))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite"):
        VideoWriter(tmp_path / "a.mp4", 32, 48, np.full(100, np.nan, np.float32))
    assert os.listdir(tmp_path) == []


# --- read ---


@pytest.mark.parametrize(
    ("rate", "count", "expected"),
    [(30, 300, 250), (25, 77, 77), (50, 100, 50), (60, 60, 25), (24, 48, 50), (10, 20, 50)],
)
def test_other_rates_become_twenty_five(
    tmp_path: Path, rate: int, count: int, expected: int
) -> None:
    times = [Fraction(k, rate) for k in range(count)]
    reader = read_video(write_pictures(tmp_path / "a.mp4", numbered(count), times, rate))
    assert abs(reader.count - expected) <= 1
    levels = np.array([frame.mean() for frame in reader])
    assert abs(levels.size - expected) <= 1
    shown = (levels - 8) / 240 * count / rate  # the time in the source of each frame shown
    assert np.abs(shown - np.arange(levels.size) / FPS).max() <= 0.5 / rate + 0.01 * count / rate


def test_a_variable_rate_is_followed_by_its_timestamps(tmp_path: Path) -> None:
    times = [Fraction(k, 100) for k in (0, 12, 24, 27, 80)]
    pictures = [flat(50 * k) for k in range(5)]
    path = write_pictures(tmp_path / "a.mkv", pictures, times)
    levels = [round(float(frame.mean()) / 50) for frame in read_video(path)]
    assert levels[:21] == [0, 0, 1, 1, 1, 2, 2] + [3] * 7 + [4] * 7
    assert set(levels[21:]) <= {4}


def test_late_timestamps_do_not_delay_the_first_frame(tmp_path: Path) -> None:
    times = [Fraction(100 + k, 25) for k in range(10)]
    path = write_pictures(tmp_path / "a.ts", numbered(10), times)
    assert len(list(read_video(path))) == 10


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((0, 1, -1, 0), -1),  # a phone held upright: shown a quarter turn clockwise
        ((0, -1, 1, 0), 1),
        ((-1, 0, 0, -1), 2),
    ],
)
def test_the_rotation_is_applied(
    tmp_path: Path, matrix: tuple[int, int, int, int], turn: int
) -> None:
    picture = portrait_like(64, 96)
    path = write_pictures(tmp_path / "a.mp4", [picture] * 3, [Fraction(k, 25) for k in range(3)])
    set_rotation(path, matrix)
    frame = next(read_video(path))
    expected = np.rot90(picture, turn)
    assert frame.shape == expected.shape
    assert frame.flags.c_contiguous
    assert np.abs(frame.astype(float) - expected).mean() < 3


def set_rotation(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write a matrix into the track header (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value * 65536 for value in matrix)
    whole = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in whole)
    path.write_bytes(data)


def test_untagged_small_video_is_read_as_bt601(tmp_path: Path) -> None:
    path = write_pictures(tmp_path / "a.mp4", [flat((200, 30, 30))] * 2, [Fraction(0), Fraction(1)])
    assert np.abs(next(read_video(path)).astype(int) - (200, 30, 30)).max() <= 4


def test_one_picture_is_one_frame(tmp_path: Path) -> None:
    path = write_pictures(tmp_path / "a.mp4", [flat(100)], [Fraction(0)])
    assert len(list(read_video(path))) == 1


def test_each_frame_is_its_own_array(tmp_path: Path) -> None:
    path = write_pictures(tmp_path / "a.mp4", [flat(100)] * 2, [Fraction(0), Fraction(1, 5)], 5)
    for frame in read_video(path):
        assert abs(float(frame.mean()) - 100) <= 3
        frame[:] = 0


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    (tmp_path / "text.txt").write_text("not a video\n" * 100)
    sound = np.zeros((1, 16000), np.int16)
    write_sound(tmp_path / "sound.wav", sound, 16000, "pcm_s16le", "mono", "s16")
    for name, reason in (
        ("missing.mp4", "does not exist"),
        ("text.mp4", "cannot be read as sound or video"),
        ("text.txt", "cannot be read as sound or video"),
        ("sound.wav", "has no picture; expected a video"),
    ):
        with pytest.raises(GiocondaError, match=reason):
            read_video(tmp_path / name)


def test_a_truncated_video_is_refused(tmp_path: Path) -> None:
    path = write_pictures(
        tmp_path / "a.mp4", numbered(25), [Fraction(k, 25) for k in range(25)]
    )  # PyAV alone puts the index at the end
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(GiocondaError, match="cannot be read as sound or video"):
        read_video(path)


def test_a_video_cut_short_after_its_index_shows_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 64, 64, None) as video:
        for seed in range(20):
            rng = np.random.default_rng(seed)
            video.write(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert 5 <= sum(1 for _ in read_video(path)) < 20
    path.write_bytes(data[: data.index(b"mdat") + 8])
    with pytest.raises(GiocondaError, match="no picture that can be decoded"):
        next(read_video(path))
