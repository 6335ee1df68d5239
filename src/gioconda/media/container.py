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

# FFmpeg's names of the formats that are read. Each holds its sound and pictures itself. Others are
# playlists, scripts and descriptions that open further files, or draw a text file as pictures.
_FORMATS = (
    *("wav", "w64", "aiff", "au", "caf", "voc", "sox", "ircam"),
    *("mp3", "aac", "loas", "latm", "ac3", "eac3", "dts", "dtshd", "truehd", "amr"),
    *("flac", "ogg", "ape", "tak", "tta", "wv", "mpc", "mpc8", "dsf"),
    *("mov", "matroska", "avi", "asf", "flv", "mpegts", "mpeg", "mpegvideo", "rm", "mxf", "nut"),
    *("h264", "hevc", "m4v", "ivf", "obu", "dv", "yuv4mpegpipe", "gif", "apng", "mjpeg"),
)
_OPTIONS = {"format_whitelist": ",".join(_FORMATS), "protocol_whitelist": "file"}


def open_container(path: Path) -> InputContainer:
    """A sound or video file, opened. Raises GiocondaError if it is neither.

    Nothing but this file is opened: a playlist is refused.
    """
    check_readable(path)
    try:
        return av.open(f"file:{path}", metadata_errors="replace", options=dict(_OPTIONS))
    except (av.FFmpegError, ValueError) as error:
        raise GiocondaError(
            f"{path} cannot be read as sound or video; expected for example wav, mp3, m4a or mp4."
        ) from error


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
