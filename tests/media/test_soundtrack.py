"""A file's own sound in the video that is made of it."""

from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.media import FPS, FileSound, VideoWriter
from gioconda.media.audio import hear
from gioconda.media.formats import format_of

from .samples import write_sound
from .test_audio import make_video_with_late_sound, spoken, tone


def film(source: Path, output: Path, frames: int = 50) -> tuple[NDArray[np.float32], int, str]:
    """A video with that sound; what an independent reader finds in it: samples, rate, layout."""
    with (
        closing(FileSound(hear(source), format_of(output))) as sound,
        VideoWriter(output, 32, 48, sound) as video,
    ):
        for _ in range(frames):
            video.write(np.zeros((32, 48, 3), np.uint8))
    with av.open(str(output)) as container:
        stream = container.streams.audio[0]
        decoded = [frame for frame in container.decode(stream) if (frame.time or 0) >= 0]
        planar = av.AudioResampler("fltp")
        decoded = [part for frame in decoded for part in planar.resample(frame)]
        samples = np.concatenate([frame.to_ndarray() for frame in decoded], 1)
        return samples, stream.rate, stream.layout.name


def loudest(samples: NDArray[np.floating], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(spectrum.argmax() * rate / samples.size)


@pytest.mark.parametrize(
    ("rate", "layout", "kept", "name"),
    [
        (44100, "stereo", 44100, "a.mp4"),
        (48000, "stereo", 48000, "a.mp4"),
        (32000, "mono", 32000, "a.mp4"),
        (8000, "mono", 32000, "a.mp4"),
        (22050, "stereo", 32000, "a.mp4"),
        (96000, "stereo", 48000, "a.mp4"),
        (44100, "5.1", 44100, "a.mp4"),
        (44100, "stereo", 48000, "a.webm"),
        (48000, "5.1", 48000, "a.webm"),
        (44100, "5.1", 44100, "a.mov"),
    ],
)
def test_channels_and_rate_are_kept(
    tmp_path: Path, rate: int, layout: str, kept: int, name: str
) -> None:
    count = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    hertz = [rate / 20 + 200 * channel for channel in range(count)]
    sound = np.stack([tone(h, 2, rate) for h in hertz]).astype(np.float32)
    source = write_sound(tmp_path / "a.wav", sound, rate, "pcm_f32le", layout, "flt")
    samples, found, named = film(source, tmp_path / name)
    assert (found, named) == (kept, layout)
    assert abs(samples.shape[1] / found - 2) <= 0.04
    for index in set(range(count)) - {3}:  # the bass channel holds bass only
        assert abs(loudest(samples[index, 5000:60000], found) - hertz[index]) <= 2


def test_what_lies_above_eight_kilohertz_stays(tmp_path: Path) -> None:
    sound = np.stack([spoken(2, 44100), tone(12000, 2, 44100)]).astype(np.float32)
    source = write_sound(tmp_path / "a.wav", sound, 44100, "pcm_f32le", "stereo", "flt")
    samples, rate, _ = film(source, tmp_path / "a.mp4")
    assert abs(loudest(samples[1, 5000:60000], rate) - 12000) <= 3
    assert np.abs(samples[1, 5000:60000]).max() > 0.4


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_sound_is_in_step_with_what_was_heard(tmp_path: Path, rate: int) -> None:
    sound = np.zeros((2, 2 * rate), np.float32)
    sound[:, rate : rate + rate // 100] = 0.8
    source = write_sound(tmp_path / "a.wav", sound, rate, "pcm_f32le", "stereo", "flt")
    samples, found, _ = film(source, tmp_path / "a.mp4")
    assert abs(np.abs(samples[0]).argmax() / found - 1.005) <= 0.5 / FPS


def test_sound_that_starts_after_the_picture_stays_late(tmp_path: Path) -> None:
    make_video_with_late_sound(tmp_path / "a.mkv", late=0.5)
    samples, rate, _ = film(tmp_path / "a.mkv", tmp_path / "a.mp4", 40)
    assert np.abs(samples[0, : int(0.47 * rate)]).max() < 0.02
    assert np.abs(samples[0, int(0.53 * rate) :]).max() > 0.4


def test_sound_is_cut_or_filled_up_to_the_frames(tmp_path: Path) -> None:
    sound = np.tile(tone(440, 1, 44100), (2, 1)).astype(np.float32)
    source = write_sound(tmp_path / "a.wav", sound, 44100, "pcm_f32le", "stereo", "flt")
    for frames in (10, 50):
        samples, rate, _ = film(source, tmp_path / "a.mp4", frames)
        assert abs(samples.shape[1] / rate - frames / FPS) <= 0.03


@pytest.mark.parametrize(("name", "source"), [("a.mp4", "quad"), ("a.webm", "4.0")])
def test_channels_that_have_no_place_become_the_voice(
    tmp_path: Path, name: str, source: str
) -> None:
    sound = np.zeros((4, 2 * 48000), np.float32)
    sound[3] = spoken(2, 48000)
    file = write_sound(tmp_path / "a.wav", sound, 48000, "pcm_f32le", source, "flt")
    samples, _, layout = film(file, tmp_path / name)
    assert layout == "mono"
    assert np.abs(samples).max() > 0.4
