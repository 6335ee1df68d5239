"""The sound of a video that is written: where it comes from, and how it is coded."""

from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import chain, groupby
from operator import itemgetter
from typing import Final, Protocol, cast

import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from numpy.typing import NDArray

from gioconda.media.audio import SAMPLE_RATE, Sound, Voice, mixed, sound_of
from gioconda.media.formats import MP4, Format

_USUAL: Final = 48000
# FFmpeg's names of more channels than two; the sides go as backs.
_FRONT: Final = ("FL", "FR", "FC")
_LAYOUTS: Final = {
    _FRONT: "3.0",
    (*_FRONT, "BC"): "4.0",
    (*_FRONT, "BL", "BR"): "5.0",
    (*_FRONT, "LFE", "BL", "BR"): "5.1",
}
_BIT_RATE: Final = (128_000, 64_000)  # of the first channel, and of each further one


class Source(Protocol):
    """Sound that is read from its beginning, a frame of video at a time.

    rate: samples a second, a whole number of them in a frame of video.
    layout: FFmpeg's name of its channels.
    """

    rate: int
    layout: str

    def read(self, count: int) -> NDArray[np.float32]:
        """The next `count` samples, (C, count) in [-1, 1]; silence after the end."""


class FileSound:
    """A file's own sound: its channels, and its rate or the least above it that the video takes.

    It is decoded as it is read; close it at the end. Channels that the video's format has no place
    for become the voice that was heard.

    Args:
        voice: what was heard in the file.
        form: of the video.
    """

    def __init__(self, voice: Voice, form: Format = MP4) -> None:
        self._sound = sound_of(voice.path, voice.track)
        rate, planes, names = next(self._sound)
        self.rate = min((own for own in form.rates if own >= rate), default=form.rates[-1])
        layout = _layout(names)
        self.layout = layout if layout in form.channels else "mono"
        self._channels = len(planes) if self.layout != "mono" else 1
        self._voice = voice
        self._waiting = np.empty((self._channels, 0), np.float32)
        self._chunks = self._resampled((rate, planes, names))

    def read(self, count: int) -> NDArray[np.float32]:
        while self._waiting.shape[1] < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                chunk = np.zeros((self._channels, count), np.float32)
            self._waiting = np.concatenate([self._waiting, chunk], 1)
        part, self._waiting = self._waiting[:, :count], self._waiting[:, count:]
        return np.clip(part, -1, 1)

    def close(self) -> None:
        """Let go of the file."""
        self._chunks.close()
        self._sound.close()

    def _resampled(
        self, first: tuple[int, NDArray[np.float32], list[str]]
    ) -> Generator[NDArray[np.float32], None, None]:
        """(C, n) at the one rate, whatever the file's are."""
        for rate, group in groupby(self._shaped(first), key=itemgetter(0)):
            if rate == self.rate:
                yield from (planes for _, planes in group)
                continue
            resampler = soxr.ResampleStream(rate, self.rate, self._channels, dtype="float32")
            for _, planes in group:
                yield resampler.resample_chunk(np.ascontiguousarray(planes.T)).T
            none = np.empty((0, self._channels), np.float32)
            yield resampler.resample_chunk(none, last=True).T

    def _shaped(
        self, first: tuple[int, NDArray[np.float32], list[str]]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for rate, planes, names in chain([first], self._sound):
            if len(planes) != self._channels:
                one = mixed(planes, names, self._voice.weights)
                planes = np.tile(one, (self._channels, 1))
            yield rate, planes


class VoiceSound:
    """16 kHz mono, as it is heard, at 48 kHz.

    Args:
        pcm: (samples,) float32 in [-1, 1].
    """

    rate = _USUAL
    layout = "mono"

    def __init__(self, pcm: Sound) -> None:
        if pcm.dtype != np.float32 or pcm.ndim != 1 or not np.isfinite(pcm).all():
            raise ValueError(f"sound of {pcm.dtype} {pcm.shape}; expected finite float32 (N,)")
        self._pcm = pcm
        self._resampler = soxr.ResampleStream(SAMPLE_RATE, self.rate, 1, dtype="float32")
        self._at = 0
        self._waiting = np.empty(0, np.float32)

    def read(self, count: int) -> NDArray[np.float32]:
        size = count * SAMPLE_RATE // self.rate
        while self._waiting.size < count:
            chunk = np.zeros(size, np.float32)
            part = self._pcm[self._at :][:size]
            np.clip(part, -1, 1, out=chunk[: part.size])
            self._at += size
            self._waiting = np.append(self._waiting, self._resampler.resample_chunk(chunk))
        part, self._waiting = self._waiting[:count], self._waiting[count:]
        return part[None]


class SoundTrack:
    """The sound of a file, fed frame by frame of the video so that both grow together."""

    def __init__(self, container: OutputContainer, source: Source, fps: int, codec: str) -> None:
        self._container = container
        self._source = source
        self._size = source.rate // fps
        stream = container.add_stream(codec, rate=source.rate, layout=source.layout)
        self._stream = cast(AudioStream, stream)
        more = len(self._stream.layout.channels) - 1
        self._stream.bit_rate = _BIT_RATE[0] + more * _BIT_RATE[1]
        self._sent = 0

    def advance(self) -> None:
        """Add the sound of one more frame of video; silence after the end of the sound."""
        samples = np.ascontiguousarray(self._source.read(self._size))
        frame = AudioFrame.from_ndarray(samples, format="fltp", layout=self._source.layout)
        frame.sample_rate = self._source.rate
        frame.pts, frame.time_base = self._sent, Fraction(1, self._source.rate)
        self._sent += self._size
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Add what the encoder still holds."""
        self._container.mux(self._stream.encode(None))


def _layout(names: list[str]) -> str:
    """How channels of these names go into the file."""
    if len(names) == 2:
        return "stereo"
    return _LAYOUTS.get(tuple({"SL": "BL", "SR": "BR"}.get(n, n) for n in names), "mono")
