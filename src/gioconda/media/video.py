"""Video, in and out, at 25 frames a second."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.codec.context import CodecContext, Flags
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.media.container import frames, open_container, picture_stream
from gioconda.media.files import PendingFile, write_error
from gioconda.media.parts import PART, Parts
from gioconda.media.soundtrack import SoundTrack, Source, VoiceSound

FPS = 25
_AHEAD = 2  # frames that may wait to be coded
# No B-frames: a quarter of the time saved, and no start delay to edit away.
_CODING = {"preset": "veryfast", "crf": "18", "bf": "0", "g": str(2 * FPS)}

# Codes of matrices, primaries, transfer curves (ITU-T H.273, 8.1 to 8.3) and of the range.
_BT709, _UNSPECIFIED, _BT601, _LIMITED = 1, 2, 5, 1

# RGB in [0, 255] to limited-range Y, Cb, Cr in [16, 235] and [16, 240] (ITU-R BT.709-6, 3).
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_Y = 219 / 255 * np.array([_KR, _KG, _KB])
_CB = 224 / 255 * np.array([-_KR, -_KG, 1 - _KB]) / (2 * (1 - _KB))
_CR = 224 / 255 * np.array([1 - _KR, -_KG, -_KB]) / (2 * (1 - _KR))
_RGB_TO_YUV = np.column_stack([[_Y, _CB, _CR], [16, 128, 128]]).astype(np.float32)


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
                    f"{self._path} holds no picture that can be decoded; save it again as mp4."
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
    """An mp4 of H.264 (yuv420p, BT.709) and AAC at 25 frames a second; a context manager.

        with VideoWriter("out.mp4", height, width, audio) as video:
            for frame in frames:
                video.write(frame)

    height, width: pixels, even.
    audio: 16 kHz mono float32 in [-1, 1], (samples,), or a file's own sound (`FileSound`),
        or None for a silent file. In the file it is cut, or filled up with silence, to the
        length of the frames written.
    seal: called with the finished file before it gets its name; it may change it in place.

    The file appears under its name when the block ends, whole, with its index in front so
    that it plays while it loads. If the block ends by an exception, Ctrl-C among them,
    nothing is left behind and an older file of that name stays as it was.

    Frames are coded in a thread of its own, at most `_AHEAD` behind the caller. Each `PART` of them
    is coded for itself, so that a part that is kept can be taken over.

    parts: where parts of a long video are kept; those that are there are taken over, and the first
        frame to be written is number `count`.

    Raises GiocondaError when made if the name does not end in .mp4, the folder does not exist
    or is not writable, or a side is odd; later if the disk is full or no frame was written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        height: int,
        width: int,
        audio: NDArray[np.float32] | Source | None,
        seal: Callable[[Path], None] = lambda path: None,
        parts: Parts | None = None,
    ) -> None:
        if height < 2 or width < 2 or height % 2 or width % 2:
            raise GiocondaError(
                f"A video of {width} x {height} pixels; expected an even width and height."
            )
        self._shape = (height, width, 3)
        self.count = self._begun = 0
        self._seal = seal
        self._parts, self._state = parts, b""
        self._file = PendingFile(path, (".mp4",))
        self._coding: deque[Future[None]] = deque()
        self._coder = ThreadPoolExecutor(1)
        try:
            self._open(audio)
        except BaseException:
            self._file.discard()
            raise

    def _open(self, audio: NDArray[np.float32] | Source | None) -> None:
        self._container = av.open(
            f"file:{self._file.partial}", "w", format="mp4", options={"movflags": "+faststart"}
        )
        self._video = self._container.add_stream("libx264", rate=FPS, options=_CODING)
        self._encoder = self._prepared(self._video.codec_context)
        source = VoiceSound(audio) if isinstance(audio, np.ndarray) else audio
        self._sound = None if source is None else SoundTrack(self._container, source, FPS)
        if self._parts:
            for packet in self._parts.packets():
                self._add(packet)
                self.count += 1
            self._begun = self.count

    def _prepared(self, context: VideoCodecContext) -> VideoCodecContext:
        context.height, context.width, _ = self._shape
        context.pix_fmt, context.time_base = "yuv420p", Fraction(1, FPS)
        context.thread_type, context.thread_count = "FRAME", 3  # encodes while the caller works
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        return context

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Add one frame: RGB, uint8, (height, width, 3). The array may be reused afterwards."""
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise ValueError(f"a frame of {frame.dtype} {frame.shape}; expected {self._shape}")
        picture = _to_yuv(frame)
        picture.pts, picture.time_base = self.count, Fraction(1, FPS)
        if self.count % PART == 0 and self.count > self._begun:
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
        context = CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        self._encoder = self._prepared(context)
        context.options, context.framerate = _CODING, Fraction(FPS)
        context.flags |= Flags.global_header

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
            self._seal(self._file.partial)
        except (OSError, av.FFmpegError) as error:
            raise write_error(self._file.path, error) from error
        self._file.commit()


def _to_yuv(rgb: NDArray[np.uint8]) -> VideoFrame:
    """RGB (H, W, 3), sides even, to a yuv420p frame; chroma is the mean of 2 x 2 pixels."""
    height, width, _ = rgb.shape
    frame = VideoFrame(width, height, "yuv420p")
    y, cb, cr = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[
            :, : plane.width
        ]
        for plane in frame.planes
    )
    yuv = cv2.transform(rgb, _RGB_TO_YUV)
    half = cv2.resize(yuv, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    cv2.extractChannel(yuv, 0, dst=y)
    cv2.extractChannel(half, 1, dst=cb)
    cv2.extractChannel(half, 2, dst=cr)
    return frame
