import itertools
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gioconda.errors import GiocondaError
from gioconda.media import audio
from gioconda.media.audio import SAMPLE_RATE, from_int16, hear, in_step, read_audio, to_int16

from .samples import write_pictures, write_sound


def tone(hertz: float, seconds: float, rate: int) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def pitch(audio: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.size)))
    return float(spectrum.argmax() * SAMPLE_RATE / audio.size)


def wav(path: Path, mono: NDArray[np.generic], rate: int = 48000) -> Path:
    return write_sound(path, mono.astype(np.float32)[None], rate, "pcm_f32le", "mono", "flt")


@pytest.mark.parametrize(
    ("name", "codec", "form", "dtype", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", "s16", np.int16, 44100, "stereo"),
        ("a.wav", "pcm_u8", "u8", np.uint8, 8000, "mono"),
        ("a.wav", "pcm_s32le", "s32", np.int32, 48000, "stereo"),
        ("a.wav", "pcm_f32le", "flt", np.float32, 16000, "mono"),
        ("a.wav", "pcm_f64le", "dbl", np.float64, 96000, "stereo"),
        ("a.flac", "flac", "s16", np.int16, 22050, "stereo"),
        ("a.m4a", "aac", "fltp", np.float32, 44100, "stereo"),
        ("a.mp3", "libmp3lame", "fltp", np.float32, 44100, "stereo"),
        ("a.ogg", "libopus", "flt", np.float32, 48000, "mono"),
        ("a.mkv", "libopus", "flt", np.float32, 48000, "stereo"),
    ],
)
def test_any_format_comes_with_its_length_pitch_and_level(
    tmp_path: Path, name: str, codec: str, form: str, dtype: type, rate: int, layout: str
) -> None:
    sound = np.tile(tone(1000, 2, rate), (2 if layout == "stereo" else 1, 1))
    if dtype is np.uint8:
        sound = np.rint(sound * 128 + 128)
    elif np.issubdtype(dtype, np.integer):
        sound = np.rint(sound * np.iinfo(dtype).max)
    path = write_sound(tmp_path / name, sound.astype(dtype), rate, codec, layout, form)
    audio = read_audio(path)
    assert audio.dtype == np.float32
    assert audio.ndim == 1
    assert abs(audio.size / SAMPLE_RATE - 2) <= 0.04
    assert abs(pitch(audio) - 1000) <= 1
    assert abs(audio[4000:-4000].max() - 0.5) <= 0.03


def test_a_tone_above_eight_kilohertz_does_not_fold_back(tmp_path: Path) -> None:
    audio = read_audio(wav(tmp_path / "a.wav", tone(10000, 1, 48000)))
    assert np.abs(audio[1000:-1000]).max() < 1e-3


def test_of_surround_the_centre_is_taken(tmp_path: Path) -> None:
    sound = np.tile(tone(200, 1, 48000), (6, 1)).astype(np.float32)
    sound[2] = tone(1000, 1, 48000)  # the order is L, R, C, LFE, then the back
    path = write_sound(tmp_path / "a.wav", sound, 48000, "pcm_f32le", "5.1", "flt")
    audio = read_audio(path)
    assert abs(pitch(audio) - 1000) <= 1
    assert abs(audio.max() - 0.5) <= 0.02


def spoken(seconds: float, rate: int, beat: float = 3.0, hertz: float = 500) -> NDArray[np.float64]:
    """As loud and as quiet as syllables."""
    swell = np.clip(np.sin(2 * np.pi * beat * np.arange(round(seconds * rate)) / rate), 0, 1)
    return tone(hertz, seconds, rate) * swell


def read_channels(path: Path, channels: NDArray[np.floating], layout: str) -> NDArray[np.float32]:
    sound = channels.astype(np.float32)
    return read_audio(write_sound(path, sound, 48000, "pcm_f32le", layout, "flt"))


def level(audio: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.square(audio).mean()))


@pytest.mark.parametrize("other", [-1.0, -0.8, -0.3, 0.0, 1.0])
def test_a_voice_never_cancels_itself(tmp_path: Path, other: float) -> None:
    voice = spoken(2, 48000)
    audio = read_channels(tmp_path / "a.wav", np.stack([voice, other * voice]), "stereo")
    assert abs(level(audio) - level(voice)) < 0.05 * level(voice)


def test_equal_channels_are_what_one_of_them_is(tmp_path: Path) -> None:
    voice = spoken(2, 48000)
    both = read_channels(tmp_path / "a.wav", np.stack([voice, voice]), "stereo")
    np.testing.assert_allclose(both, read_audio(wav(tmp_path / "b.wav", voice)), atol=1e-6)


@pytest.mark.parametrize("speaks", [0, 1])
def test_the_channel_with_the_voice_is_heard_and_noise_beside_it_is_not(
    tmp_path: Path, speaks: int
) -> None:
    voice, noise = spoken(3, 48000), np.random.default_rng(0).normal(0, 0.2, 3 * 48000)
    channels = [voice, noise] if speaks == 0 else [noise, voice]
    audio = read_channels(tmp_path / "a.wav", np.stack(channels), "stereo")
    alone = read_audio(wav(tmp_path / "b.wav", voice))
    assert level(audio - alone) < 0.1 * level(alone)


def test_of_two_people_with_a_channel_each_both_are_heard(tmp_path: Path) -> None:
    half = np.arange(4 * 48000) < 2 * 48000
    first, second = spoken(4, 48000) * half, spoken(4, 48000, hertz=700) * ~half
    audio = read_channels(tmp_path / "a.wav", np.stack([first, second]), "stereo")
    alone = read_audio(wav(tmp_path / "b.wav", first + second))
    assert level(audio - alone) < 0.05 * level(alone)


def test_a_centre_without_a_voice_is_not_taken(tmp_path: Path) -> None:
    sound = np.zeros((6, 2 * 48000))
    sound[:2] = spoken(2, 48000)
    audio = read_channels(tmp_path / "a.wav", sound, "5.1")
    assert abs(level(audio) - level(sound[0])) < 0.05 * level(sound[0])


def write_tracks(path: Path, tracks: list[NDArray[np.floating]]) -> Path:
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=16000, layout="mono") for _ in tracks]
        for stream, track in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(to_int16(track.astype(np.float32))[None], "s16")
            frame.sample_rate, frame.pts, frame.time_base = 16000, 0, Fraction(1, 16000)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def test_a_file_that_takes_long_to_decode_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of a thousand silent tracks, each of which is looked through."""
    path = write_tracks(tmp_path / "a.mkv", [np.zeros(16000)] * 20)
    assert hear(path, 160_000).samples
    seconds = itertools.count()  # a decoder that takes a second for every track
    monkeypatch.setattr(audio, "thread_time", lambda: next(seconds))
    with pytest.raises(GiocondaError, match="takes too long to decode; give one track"):
        hear(path, 160_000)


def test_of_several_tracks_the_first_that_is_not_silent_is_heard(tmp_path: Path) -> None:
    silent, voice = np.zeros(32000), spoken(2, 16000)
    heard = hear(write_tracks(tmp_path / "a.mkv", [silent, voice, 2 * voice]))
    assert (heard.track, heard.note) == (1, "a.mkv: track 2 of 3 is heard, the first is silent")
    assert abs(level(np.concatenate(list(heard.pieces(1000)))) - level(voice)) < 0.01
    usual = hear(write_tracks(tmp_path / "b.mkv", [voice, 2 * voice]))
    assert (usual.track, usual.note) == (0, None)


def test_voices_come_side_by_side_and_are_what_is_read_at_once(tmp_path: Path) -> None:
    files = [wav(tmp_path / f"{n}.wav", spoken(n, 44100), 44100) for n in (2, 1)]
    both = list(in_step([hear(file) for file in files], 7000))
    assert [len(piece) for piece, _ in both] == [7000] * 4 + [4000]
    own, other = (np.concatenate(pieces) for pieces in zip(*both, strict=True))
    np.testing.assert_array_equal(own, read_audio(files[0]))
    np.testing.assert_array_equal(other[:16000], read_audio(files[1]))
    assert not other[16000:].any()


def test_a_silent_file_is_said_to_be_silent(tmp_path: Path) -> None:
    heard = hear(wav(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 1e-4, 48000)))
    assert heard.note == "a.wav is silent; expected a voice"
    assert heard.samples == SAMPLE_RATE


def test_loud_floats_and_nan_and_infinity_stay_in_range(tmp_path: Path) -> None:
    sound = 8 * tone(1000, 1, 48000)
    sound[1000:1010] = np.nan
    sound[2000:2010] = np.inf
    sound[3000:3010] = -np.inf
    sound[4000:4010] = 3e38
    audio = read_audio(wav(tmp_path / "a.wav", sound))
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() == 1


def test_sound_that_starts_after_the_picture_is_led_in_by_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    make_video_with_late_sound(path, late=0.5)
    audio = read_audio(path)
    assert abs(audio.size / SAMPLE_RATE - 1.5) <= 0.04
    assert np.abs(audio[: int(0.48 * SAMPLE_RATE)]).max() < 1e-3
    assert np.abs(audio[int(0.52 * SAMPLE_RATE) :]).max() > 0.4


def make_video_with_late_sound(path: Path, late: float) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height = video.width = 32
        sound = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        for index in range(40):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        samples = np.rint(tone(440, 1, 16000) * 32767).astype(np.int16)[None]
        chunk = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        chunk.sample_rate, chunk.time_base = 16000, Fraction(1, 16000)
        chunk.pts = round(late * 16000)
        container.mux(sound.encode(chunk))
        container.mux(sound.encode(None))
        container.mux(video.encode(None))


def test_five_minutes_are_one_array(tmp_path: Path) -> None:
    path = write_sound(
        tmp_path / "a.wav", np.zeros((1, 300 * 8000), np.int16), 8000, "pcm_s16le", "mono", "s16"
    )
    assert read_audio(path).size == 300 * SAMPLE_RATE


def test_one_frame_of_sound_is_enough_and_less_is_refused(tmp_path: Path) -> None:
    assert read_audio(wav(tmp_path / "a.wav", np.zeros(1920))).size == 640
    with pytest.raises(GiocondaError, match=r"is 0\.010 s of sound; expected at least 0\.04 s"):
        read_audio(wav(tmp_path / "b.wav", np.zeros(480)))


def test_a_wav_without_samples_is_refused(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", np.zeros(480))
    data = path.read_bytes()
    at = data.index(b"data")
    path.write_bytes(data[: at + 4] + bytes(4))
    with pytest.raises(GiocondaError, match="has no sound that can be decoded"):
        read_audio(path)


def test_a_video_or_picture_without_sound_is_refused(tmp_path: Path) -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    video = write_pictures(tmp_path / "a.mp4", [picture] * 3, [Fraction(k, 25) for k in range(3)])
    Image.fromarray(picture).save(tmp_path / "a.png")
    for path in (video, tmp_path / "a.png"):
        with pytest.raises(
            GiocondaError, match=r"has no sound|cannot be read as sound.*; expected"
        ):
            read_audio(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.txt", "ffconcat version 1.0\nfile voice.wav\n"),
        ("list.wav", "ffconcat version 1.0\nfile voice.wav\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nvoice.mp3\n#EXT-X-ENDLIST\n"),
        ("call.sdp", "v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n"),
        ("text.nfo", "text as terminal art\n" * 99),
        ("v%s.wav", "a pattern\n"),
    ],
)
def test_a_file_opens_no_other_file(tmp_path: Path, name: str, content: str) -> None:
    wav(tmp_path / "voice.wav", tone(1000, 1, 48000))
    stereo = np.tile(tone(440, 1, 44100), (2, 1)).astype(np.float32)
    write_sound(tmp_path / "voice.mp3", stereo, 44100, "libmp3lame", "stereo", "fltp")
    (tmp_path / name).write_text(content)
    with pytest.raises(GiocondaError, match="cannot be read as sound or video"):
        read_audio(tmp_path / name)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    for name in ("a.wav", "a.mp3", "a.txt", "a.mp4", "with space and : colon.wav"):
        (tmp_path / name).write_text("this is not sound\n" * 100)
        with pytest.raises(GiocondaError, match=r"cannot be read as sound or video|no sound"):
            read_audio(tmp_path / name)
    with pytest.raises(GiocondaError, match="does not exist"):
        read_audio(tmp_path / "missing.wav")
    with pytest.raises(GiocondaError, match="is a folder"):
        read_audio(tmp_path)


def test_an_odd_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wav(tmp_path / "a.wav", tone(1000, 1, 48000)).rename(tmp_path / "concat:é#1%20.wav")
    monkeypatch.chdir(tmp_path)
    assert read_audio("concat:é#1%20.wav").size == SAMPLE_RATE


def test_damaged_sound_is_read_as_far_as_it_goes_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stereo = np.tile(tone(440, 1, 44100), (2, 1)).astype(np.float32)
    path = write_sound(tmp_path / "a.mp3", stereo, 44100, "libmp3lame", "stereo", "fltp")
    data = bytearray(path.read_bytes())
    for _ in range(20):
        damaged = data.copy()
        for at in rng.integers(0, len(data), 50):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged[: rng.integers(100, len(data))])
        with suppress(GiocondaError):
            audio = read_audio(path)
            assert np.isfinite(audio).all()
            assert np.abs(audio).max() <= 1


def test_integers_come_back_the_same_and_loud_sound_is_clipped() -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    np.testing.assert_array_equal(to_int16(from_int16(every)), every)
    loud = np.array([-2.0, 1.0, 2.0], np.float32)
    np.testing.assert_array_equal(to_int16(loud), [-32768, 32767, 32767])
