"""Video, in and out, at 25 frames a second."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import numpy as np
from av.codec.context import CodecContext, Flags
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.machine import give_back
from gioconda.media.container import frames, open_container, picture_stream
from gioconda.media.files import PendingFile, PendingFolder, StandardOutput, write_error
from gioconda.media.formats import PNG, STANDARD_OUTPUT, Format, format_of
from gioconda.media.hidden import sweep
from gioconda.media.index import index_in_front
from gioconda.media.parts import PART, Parts
from gioconda.media.pixels import coder
from gioconda.media.soundtrack import SoundTrack, Source, VoiceSound
from gioconda.spans import Spans

FPS = 25
_AHEAD = 2  # frames that may wait to be coded

# Codes of matrices, primaries, transfer curves (ITU-T H.273, 8.1 to 8.3) and of the range.
_BT709, _UNSPECIFIED, _BT601, _LIMITED = 1, 2, 5, 1


def read_video(path: str | os.PathLike[str]) -> "VideoReader":
    """The frames of a video at 25 a second: `VideoReader(path)`."""
    return VideoReader(path)


class VideoReader(Iterator[NDArray[np.uint8]]):
    """The frames of a video, upright, resampled in time to 25 a second.

    Frame k is the source's frame nearest to k / 25 s after its first one, so that frames of
    other rates (variable ones too) are doubled or dropped, never mixed. Each frame is a new
    array: RGB, uint8, (height, width, 3). It can be iterated once.

    count: about how many frames there will be, for a progress bar; 0 if the file does not say.

    Raises GiocondaError when made if there is no such file, it cannot be decoded or it has no
    picture; at the first frame if not one can be decoded.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        container = open_container(self._path)
        stream = picture_stream(container)
        if stream is None:
            container.close()
            raise GiocondaError(f"{self._path} has no picture; expected a video.")
        stream.thread_type = "AUTO"
        self.count = _expected_count(container, stream)
        self._frames = self._read(container, stream)

    def __next__(self) -> NDArray[np.uint8]:
        return next(self._frames)

    def _read(self, container: InputContainer, stream: VideoStream) -> Iterator[NDArray[np.uint8]]:
        with container:
            step = 1 / float(stream.average_rate or FPS)
            frame = None
            for frame in _at_25_fps(frames(container, stream), step):
                yield _to_rgb(frame)
            if frame is None:
                raise GiocondaError(
                    f"{self._path} has no picture that can be decoded; save it again as mp4."
                )


def _expected_count(container: InputContainer, stream: VideoStream) -> int:
    if stream.duration is not None and stream.time_base is not None:
        return round(stream.duration * stream.time_base * FPS)
    if container.duration is not None:
        return round(Fraction(container.duration, av.time_base) * FPS)
    return 0


def _at_25_fps(source: Iterator[VideoFrame], step: float) -> Iterator[VideoFrame]:
    """Nearest frames at k / 25 s after the first; `step` (s) is used where times are missing."""
    held, origin, time, index = None, 0.0, 0.0, 0
    for frame in source:
        next_time = frame.time if frame.time is not None else time + step
        if held is None:
            origin = next_time
        else:
            while origin + index / FPS < (time + next_time) / 2:
                yield held
                index += 1
        held, time = frame, next_time
    if held is None:
        return
    if held.duration and held.time_base is not None:
        step = float(held.duration * held.time_base)
    end = max(round((time + step - origin) * FPS), 1)
    for _ in range(index, end):
        yield held


def _to_rgb(frame: VideoFrame) -> NDArray[np.uint8]:
    colorspace = frame.colorspace
    if colorspace == _UNSPECIFIED:
        colorspace = _BT709 if frame.height >= 720 else _BT601
    rgb = frame.to_ndarray(format="rgb24", src_colorspace=colorspace)
    return np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90))


class VideoWriter:
    """A video at 25 frames a second, of the `Format` that its name says; a context manager.

        with VideoWriter("out.mp4", height, width, audio) as video:
            for frame in frames:
                video.write(frame)

    path: as in `formats.format_of`.
    height, width: pixels, even.
    audio: 16 kHz mono float32 in [-1, 1], (samples,), or a file's own sound (`FileSound`),
        or None for a silent file. In the file it is cut, or filled up with silence, to the
        length of the frames written. A format without sound takes none of it.
    seal: called with the finished file, and with each of a folder's, before it gets its name,
        where the format holds a manifest; it may change it in place.
    alpha: the frames have it.

    The file appears under its name when the block ends, whole, an mp4 with its index in front so
    that it plays while it loads. If the block ends by an exception, Ctrl-C among them,
    nothing is left behind and an older file of that name stays as it was. To the standard output
    frames go as they come.

    Frames are coded in a thread of its own, at most `_AHEAD` behind the caller. In formats that are
    made `in_parts` each `PART` is coded for itself, so that one that is kept can be taken over.

    parts: where parts of a long video are kept; those that are there are taken over, and the first
        frame to be written is number `count`.

    Raises GiocondaError when made if the name says no format or one without alpha, the folder does
    not exist or is not writable, or a side is odd; later if the disk is full or no frame was
    written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        height: int,
        width: int,
        audio: NDArray[np.float32] | Source | None,
        seal: Callable[[Path], None] = lambda path: None,
        alpha: bool = False,
        parts: Parts | None = None,
    ) -> None:
        self._format = format_of(path, alpha)
        if height < 2 or width < 2 or height % 2 or width % 2:
            raise GiocondaError(
                f"A video of {width} x {height} pixels; expected an even width and height."
            )
        self._shape = (height, width, 4 if alpha else 3)
        self.count = self._begun = 0
        self._seal = seal
        self._parts, self._state = parts, b""
        self._file = _pending(path, self._format)
        self._coding: deque[Future[None]] = deque()
        self._coder = ThreadPoolExecutor(1)
        try:
            self._open(audio)
        except BaseException:
            self._file.discard()
            raise

    def _open(self, audio: NDArray[np.float32] | Source | None) -> None:
        form = self._format
        self._container = av.open(
            self._file.address, "w", format=form.muxer, options=dict(form.layout)
        )
        self._pixels = (form.transparent if self._shape[2] == 4 else None) or form.pixels
        self._code_pixels = coder(self._pixels, self._shape, _AHEAD + 1)
        options = form.coding(*self._shape[:2])
        stream = self._container.add_stream(form.codec, rate=FPS, options=options)
        self._video = cast(VideoStream, stream)
        self._encoder = self._prepared(self._video.codec_context)
        if form.in_parts:  # the stream's own would keep the memory of the first part to the end
            self._encoder = self._next_encoder()
        source = VoiceSound(audio) if isinstance(audio, np.ndarray) else audio
        self._sound = None
        if source is not None and form.sound is not None:
            self._sound = SoundTrack(self._container, source, FPS, form.sound)
        if self._parts:
            for packet in self._parts.packets():
                self._add(packet)
                self.count += 1
            self._begun = self.count

    def _prepared(self, context: VideoCodecContext) -> VideoCodecContext:
        context.height, context.width, _ = self._shape
        context.pix_fmt, context.time_base = self._pixels, Fraction(1, FPS)
        context.thread_type, context.thread_count = "FRAME", 3  # encodes while the caller works
        if self._pixels.startswith("yuv"):
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _LIMITED
        return context

    def write(self, frame: NDArray[np.uint8], changed: Spans | None = None) -> None:
        """Add one frame; the array may be reused afterwards.

        Args:
            frame: RGB (height, width, 3), or with alpha (height, width, 4); colours are straight,
                not times alpha.
            changed: (height, 2) spans in which it may differ from the frame before; None for all.
        """
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise ValueError(f"a frame of {frame.dtype} {frame.shape}; expected {self._shape}")
        picture = self._code_pixels(frame, changed)
        picture.pts, picture.time_base = self.count, Fraction(1, FPS)
        if self._format.in_parts and self.count % PART == 0 and self.count > self._begun:
            self._coding.append(self._coder.submit(self._end_part, self._state))
        self._coding.append(self._coder.submit(self._code, picture))
        self.count += 1
        self._wait(_AHEAD)

    def remember(self, state: bytes) -> None:
        """What a run that goes on must know at the beginning of the next part."""
        self._state = state

    def _code(self, picture: VideoFrame) -> None:
        self._take(self._encoder.encode(picture))

    def _end_part(self, state: bytes) -> None:
        self._take(self._encoder.encode(None))
        if self._parts:
            self._parts.end(state)
        del self._encoder  # before there is memory for another
        self._encoder = self._next_encoder()

    def _next_encoder(self) -> VideoCodecContext:
        """What codes the next part."""
        context = CodecContext.create(self._format.codec, "w")
        assert isinstance(context, VideoCodecContext)
        context.options = self._format.coding(*self._shape[:2])
        context.framerate = Fraction(FPS)
        context.flags |= Flags.global_header
        return self._prepared(context)

    def _take(self, packets: "list[Packet[Any]]") -> None:
        for packet in packets:
            if self._parts:
                self._parts.add(packet)
            self._add(packet)

    def _add(self, packet: "Packet[Any]") -> None:
        """A coded picture, and the sound that goes with one."""
        packet.stream = self._video
        self._container.mux(packet)
        if self._sound is not None:
            self._sound.advance()

    def _wait(self, most: int) -> None:
        """Until at most so many frames are not yet coded."""
        try:
            while len(self._coding) > most:
                self._coding.popleft().result()
        except (OSError, av.FFmpegError) as error:
            raise write_error(self._file.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._coder.shutdown(cancel_futures=True)
            with suppress(OSError, av.FFmpegError):
                self._container.close()
            self._file.discard()

    def _finish(self) -> None:
        if not self.count:
            raise GiocondaError(f"{self._file.path} would have no frames; nothing was written.")
        self._wait(0)
        try:
            self._take(self._encoder.encode(None))
            if self._sound is not None:
                self._sound.finish()
            self._container.close()
            for file in self._file.files if self._format.indexed else ():
                index_in_front(file)
            give_back()  # what frames and index have left, before the seal takes its own
            for file in self._file.files if self._format.signed else ():
                self._seal(file)
        except (OSError, av.FFmpegError) as error:
            raise write_error(self._file.path, error) from error
        self._file.commit()


def _pending(
    path: str | os.PathLike[str], form: Format
) -> PendingFile | PendingFolder | StandardOutput:
    if os.fspath(path) == STANDARD_OUTPUT:
        return StandardOutput()
    sweep(Path(path).parent)
    suffix = f".{form.name}"
    return PendingFolder(path, suffix) if form is PNG else PendingFile(path, (suffix,))
