"""Sound, in; and samples as floats and as integers."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from time import thread_time
from typing import TypeAlias

import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.media.channels import Levels, voice_weights
from gioconda.media.container import frames, open_container, picture_stream

SAMPLE_RATE = 16000
Sound: TypeAlias = NDArray[np.float32]
"""(samples,), 16 kHz mono in [-1, 1]."""
SHORTEST = 0.04  # seconds: one frame of video

# A gap in the timestamps is filled with silence, so that sound stays with its picture. Less
# than the first of these (in seconds) is rounding; more than the second, a broken clock.
_GAP = (0.02, 60.0)
_PACE = 20  # times faster than it sounds: so fast somebody else's file must be decoded
_FAINTEST = 10 ** (-50 / 20)  # rms of a frame of video that is more than silence


@dataclass(frozen=True)
class Voice:
    """The voice in a file. It is not kept in memory, but decoded again as it is asked for.

    Attributes:
        path: the file.
        track: which of the file's tracks of sound it is, from 0.
        weights: (C,) how much of each of its channels is heard, where that is neither the
            centre nor the mean.
        samples: how long it is, at 16 kHz.
        note: what the user should know of it, in one line, or None.
    """

    path: Path
    track: int
    weights: NDArray[np.float32] | None
    samples: int
    note: str | None = None

    def pieces(self, size: int) -> Iterator[Sound]:
        """All of it from its beginning, `size` samples at a time, the last ones fewer."""
        waiting = np.empty(0, np.float32)
        for chunk in _heard(self.path, self.track, self.weights):
            waiting = np.concatenate([waiting, chunk])
            while len(waiting) >= size:
                yield waiting[:size]
                waiting = waiting[size:]
        if len(waiting):
            yield waiting


def in_step(voices: Sequence[Voice], size: int) -> Iterator[list[Sound]]:
    """Voices side by side, `size` samples of each at a time, to the end of the longest.

    Silence follows the others.
    """
    longest = max(voice.samples for voice in voices)
    streams = [voice.pieces(size) for voice in voices]
    for begin in range(0, longest, size):
        count = min(size, longest - begin)
        pieces = [next(stream, np.empty(0, np.float32))[:count] for stream in streams]
        yield [np.pad(piece, (0, count - len(piece))) for piece in pieces]


def read_audio(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """The voice in any audio or video file that PyAV reads, at 16 kHz in mono.

    Of several channels the centre is taken where it has a voice, else the mean of all, or the
    one that has the voice where the others would cancel or cover it; of several tracks the
    first that is not silent. In a video, time zero is the first picture: sound that starts
    later is led in by silence, and sound before it is left out.

    Returns float32 in [-1, 1], (samples,).
    Raises GiocondaError if there is no such file, if it cannot be decoded, if it has no
    sound, or if its sound is shorter than 0.04 s.
    """
    kept: list[Sound] = []
    _find(Path(path), lambda samples: None, kept)
    return np.concatenate(kept)


def hear(path: str | os.PathLike[str], most: int | None = None) -> Voice:
    """As `read_audio`, but the voice itself is left in the file, however long it is.

    Somebody else's file is refused as soon as there are more than `most` samples, or as decoding
    has taken more than a second of the processor and a twentieth of how long so many sound.
    """
    path = Path(path)
    return _find(path, _allowance(path, most) if most else lambda samples: None, None)


def _allowance(path: Path, most: int) -> Callable[[int], None]:
    """To be called with the samples of a track so far; raises GiocondaError at too many."""
    begin, seconds = thread_time(), most / SAMPLE_RATE

    def check(samples: int) -> None:
        if samples > most:
            raise GiocondaError(f"{path} is too long; expected at most {seconds:g} s of sound.")
        if thread_time() - begin > 1 + seconds / _PACE:  # a thousand silent tracks, say
            raise GiocondaError(f"{path} takes too long to decode; give one track of sound alone.")

    return check


def _find(path: Path, check: Callable[[int], None], kept: list[Sound] | None) -> Voice:
    """The voice of a file; its sound goes into `kept` if there is one."""
    with open_container(path) as container:
        _sound_stream(container, path)
        tracks = len(container.streams.audio)
    for track in range(tracks):
        voice, silent = _survey(path, track, check, kept)
        if not silent:
            if not track:
                return voice
            note = f"{path.name}: track {track + 1} of {tracks} is heard, the first is silent"
            return replace(voice, note=note)
    if tracks > 1:
        voice, _ = _survey(path, 0, check, kept)
    if voice.samples == 0:
        raise GiocondaError(
            f"{path} has no sound that can be decoded; record or download it again."
        )
    if voice.samples < SHORTEST * SAMPLE_RATE:
        raise GiocondaError(
            f"{path} is {voice.samples / SAMPLE_RATE:.3f} s of sound; "
            f"expected at least {SHORTEST} s (one frame), give a longer recording."
        )
    return replace(voice, note=f"{path.name} is silent; expected a voice")


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


def _survey(
    path: Path, track: int, check: Callable[[int], None], kept: list[Sound] | None
) -> tuple[Voice, bool]:
    """The voice of one track, and whether it is silent; its sound goes into `kept`."""
    levels: Levels | None = None
    names: list[str] = []

    def seen(rate: int, planes: NDArray[np.float32], channels: list[str]) -> None:
        nonlocal levels, names
        if levels is None:
            levels, names = Levels(len(planes)), channels
        if len(planes) > 1:
            levels.add(rate, planes)

    samples, silent = _passed(_heard(path, track, None, seen), check, kept)
    weights = None
    if levels is not None and len(names) > 1:
        weights = voice_weights(levels.array(), names.index("FC") if "FC" in names else None)
    if weights is not None:
        samples, silent = _passed(_heard(path, track, weights), check, kept)
    return Voice(path, track, weights, samples), silent


def _passed(
    chunks: Iterator[Sound], check: Callable[[int], None], kept: list[Sound] | None
) -> tuple[int, bool]:
    """How many samples there are, and whether no frame of video has anything to hear."""
    samples, silent = 0, True
    size = round(SHORTEST * SAMPLE_RATE)
    waiting = np.empty(0, np.float32)
    if kept is not None:
        kept[:] = [waiting]
    check(0)
    for chunk in chunks:
        samples += len(chunk)
        check(samples)
        if kept is not None:
            kept.append(chunk)
        if silent:
            waiting = np.concatenate([waiting, chunk])
            whole = len(waiting) // size * size
            blocks, waiting = waiting[:whole].reshape(-1, size), waiting[whole:]
            silent = not (np.square(blocks).mean(1) >= _FAINTEST**2).any()
    return samples, silent


def _heard(
    path: Path,
    track: int,
    weights: NDArray[np.float32] | None,
    seen: Callable[[int, NDArray[np.float32], list[str]], None] = lambda *chunk: None,
) -> Iterator[Sound]:
    """The sound of one track as it is decoded, mixed, at 16 kHz; each chunk of it is `seen`."""

    def timed() -> Iterator[tuple[int, NDArray[np.float32]]]:
        for rate, planes, names in sound_of(path, track):
            seen(rate, planes, names)
            yield rate, mixed(planes, names, weights)

    for chunk in _resampled(timed()):
        yield np.clip(chunk, -1, 1, out=chunk)


Chunk: TypeAlias = tuple[int, NDArray[np.float32], list[str]]
"""Rate, samples (C, n) in [-1, 1], and the channels' names."""


def sound_of(path: Path, track: int) -> Generator[Chunk, None, None]:
    """The sound of one track, as it is decoded, where timestamps put it.

    Time zero is the first picture of a video, else the first sound.
    """
    with open_container(path) as container:
        picture, stream = picture_stream(container), container.streams.audio[track]
        origin = None
        if picture is not None and picture.start_time is not None and picture.time_base is not None:
            origin = float(picture.start_time * picture.time_base)
        position = 0.0  # seconds given so far
        for frame in frames(container, stream):
            samples, rate = _planes(frame), frame.sample_rate
            if frame.time is not None:
                origin = frame.time if origin is None else origin
                late = frame.time - origin - position
                if _GAP[0] < late < _GAP[1]:
                    samples = np.pad(samples, ((0, 0), (round(late * rate), 0)))
                elif position == 0 and -_GAP[1] < late < -_GAP[0]:
                    samples = samples[:, round(-late * rate) :]
            position += samples.shape[1] / rate
            yield rate, samples, [channel.name for channel in frame.layout.channels]


def _planes(frame: AudioFrame) -> NDArray[np.float32]:
    """The samples of a frame in [-1, 1], (C, n)."""
    array = frame.to_ndarray()
    values = array.astype(np.float64)
    if not frame.format.is_planar:
        values = values.reshape(-1, len(frame.layout.channels)).T
    if array.dtype == np.uint8:
        values = values / 128 - 1
    elif array.dtype.kind == "i":
        values /= 2.0 ** (8 * array.itemsize - 1)
    values = np.clip(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
    return np.asarray(values, np.float32)


def mixed(
    planes: NDArray[np.float32], names: list[str], weights: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """(n,): by the weights, else the centre channel or the mean of all."""
    if weights is not None and len(weights) == len(planes):
        return np.asarray(weights @ planes, np.float32)
    if "FC" in names:
        return np.asarray(planes[names.index("FC")])
    return np.asarray(planes.mean(axis=0, dtype=np.float64), np.float32)


def _resampled(
    timed: Iterator[tuple[int, NDArray[np.float32]]],
) -> Iterator[NDArray[np.float32]]:
    """Samples at their own rates, which may change on the way, to samples at 16 kHz."""
    for rate, frames_of_rate in groupby(timed, key=itemgetter(0)):
        resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        for _, samples in frames_of_rate:
            yield resampler.resample_chunk(samples)
        yield resampler.resample_chunk(np.empty(0, np.float32), last=True)
