"""Sound, in; and samples as floats and as integers."""

import os
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.media.container import frames, open_container, picture_stream

SAMPLE_RATE = 16000
Sound: TypeAlias = NDArray[np.float32]
"""(samples,), 16 kHz mono in [-1, 1]."""
SHORTEST = 0.04  # seconds: one frame of video

# A gap in the timestamps is filled with silence, so that sound stays with its picture. Less
# than the first of these (in seconds) is rounding; more than the second, a broken clock.
_GAP = (0.02, 60.0)


def together(*sounds: Sound) -> list[Sound]:
    """Sounds of one length, the longest's: silence follows the others."""
    longest = max(map(len, sounds))
    return [np.pad(sound, (0, longest - len(sound))) for sound in sounds]


def read_audio(path: str | os.PathLike[str], most: int | None = None) -> NDArray[np.float32]:
    """The sound of any audio or video file that PyAV reads, at 16 kHz in mono.

    Of several channels the centre is taken where there is one, else the mean of all. In a
    video, time zero is the first picture: sound that starts later is led in by silence, and
    sound before it is left out.

    Returns float32 in [-1, 1], (samples,).
    Raises GiocondaError if there is no such file, if it cannot be decoded, if it has no
    sound, or if its sound is shorter than 0.04 s; and as soon as there are more than `most`
    samples, for somebody else's files.
    """
    path = Path(path)
    with open_container(path) as container:
        stream = _sound_stream(container, path)
        chunks, size = [], 0
        for chunk in _resampled(_timed(container, stream)):
            chunks.append(chunk)
            size += len(chunk)
            if most is not None and size > most:
                raise GiocondaError(
                    f"{path} is too long; expected at most {most / SAMPLE_RATE:g} s of sound."
                )
    audio = np.concatenate([np.empty(0, np.float32), *chunks])
    if audio.size == 0:
        raise GiocondaError(f"{path} holds no sound that can be decoded; record it again.")
    if audio.size < SHORTEST * SAMPLE_RATE:
        raise GiocondaError(
            f"{path} is {audio.size / SAMPLE_RATE:.3f} s of sound; "
            f"expected at least {SHORTEST} s (one frame), give a longer recording."
        )
    return np.clip(audio, -1, 1, out=audio)


def check_sound(path: Path) -> None:
    """Raise GiocondaError if a file has no sound. Nothing is decoded."""
    with open_container(path) as container:
        _sound_stream(container, path)


def to_int16(pcm: NDArray[np.float32]) -> NDArray[np.int16]:
    """Sound in [-1, 1] as int16, rounded; what is louder is clipped."""
    return np.clip(np.rint(pcm * 32768), -32768, 32767).astype(np.int16)


def from_int16(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """int16 as sound in [-1, 1]; `to_int16` gives the same integers again."""
    return pcm.astype(np.float32) / np.float32(32768)


def _sound_stream(container: InputContainer, path: Path) -> AudioStream:
    if not container.streams.audio:
        raise GiocondaError(
            f"{path} has no sound; expected an audio file or a video with a sound track."
        )
    return container.streams.audio[0]


def _timed(
    container: InputContainer, stream: AudioStream
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(rate, mono samples), frame by frame, each where its timestamp puts it."""
    picture = picture_stream(container)
    origin = None
    if picture is not None and picture.start_time is not None and picture.time_base is not None:
        origin = float(picture.start_time * picture.time_base)
    position = 0.0  # seconds given so far
    for frame in frames(container, stream):
        samples, rate = _mono(frame), frame.sample_rate
        if frame.time is not None:
            origin = frame.time if origin is None else origin
            late = frame.time - origin - position
            if _GAP[0] < late < _GAP[1]:
                samples = np.concatenate([np.zeros(round(late * rate), np.float32), samples])
            elif position == 0 and -_GAP[1] < late < -_GAP[0]:
                samples = samples[round(-late * rate) :]
        position += samples.size / rate
        yield rate, samples


def _mono(frame: AudioFrame) -> NDArray[np.float32]:
    """The samples of a frame in [-1, 1], (samples,): the centre channel, or the mean of all."""
    names = [channel.name for channel in frame.layout.channels]
    array = frame.to_ndarray()
    values = array.astype(np.float64)
    if not frame.format.is_planar:
        values = values.reshape(-1, len(names)).T
    if array.dtype == np.uint8:
        values = values / 128 - 1
    elif array.dtype.kind == "i":
        values /= 2.0 ** (8 * array.itemsize - 1)
    values = np.clip(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
    mixed = values[names.index("FC")] if "FC" in names else values.mean(axis=0)
    return np.asarray(mixed, np.float32)


def _resampled(
    timed: Iterator[tuple[int, NDArray[np.float32]]],
) -> Iterator[NDArray[np.float32]]:
    """Samples at their own rates, which may change on the way, to samples at 16 kHz."""
    for rate, frames_of_rate in groupby(timed, key=itemgetter(0)):
        resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        for _, samples in frames_of_rate:
            yield resampler.resample_chunk(samples)
        yield resampler.resample_chunk(np.empty(0, np.float32), last=True)
