"""Sound and video files as PyAV opens them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast, overload

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from gioconda.errors import GiocondaError
from gioconda.media.files import check_readable


def open_container(path: Path) -> InputContainer:
    """A sound or video file, opened. Raises GiocondaError if it is neither.

    The file is local and may lead to nothing but local files: no playlist in it reaches
    the network.
    """
    check_readable(path)
    try:
        container = av.open(
            f"file:{path}", metadata_errors="replace", options={"protocol_whitelist": "file"}
        )
    except (av.FFmpegError, ValueError) as error:
        raise _not_media(path) from error
    if container.format.name == "tty":  # FFmpeg draws text files as terminal art
        container.close()
        raise _not_media(path)
    return container


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that is no cover picture of a sound file."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


@overload
def frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]: ...
@overload
def frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]: ...
def frames(
    container: InputContainer, stream: AudioStream | VideoStream
) -> Iterator[AudioFrame] | Iterator[VideoFrame]:
    """The frames of one stream. Damaged packets are passed over; a damaged end is the end."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        with suppress(av.FFmpegError):
            yield from cast(list[VideoFrame], packet.decode())


def _not_media(path: Path) -> GiocondaError:
    return GiocondaError(
        f"{path} is not a sound or video file that can be read; "
        "expected for example wav, mp3, m4a or mp4."
    )
