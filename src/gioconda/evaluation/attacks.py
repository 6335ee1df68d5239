"""What happens to videos on their way: codecs, calls, resizing, cropping, cameras.

Every attack takes frames at 25 a second, (H, W, 3) RGB of even sides, and gives what arrives.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import av
import cv2
import numpy as np

from gioconda.errors import GiocondaError
from gioconda.media import FPS, Picture

Frames = list[Picture]
Attack = Callable[[Frames], Frames]


def h264(frames: Frames, crf: int, preset: str = "medium") -> Frames:
    """Encoded by x264 at a constant rate factor, and decoded."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"crf": str(crf), "preset": preset}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as source:
        return [_u8(frame.to_ndarray(format="rgb24")) for frame in source.decode(video=0)]


def written(frames: Frames) -> Frames:
    """Encoded as Gioconda writes its files."""
    return h264(frames, 18, "veryfast")


def _resized(frames: Frames, scale: float) -> Frames:
    height, width = (2 * round(n * scale / 2) for n in frames[0].shape[:2])
    return [_u8(cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA)) for f in frames]


def _cropped(frames: Frames, share: float) -> Frames:
    """`share` of each side, off the middle."""
    height, width = (2 * round(n * share / 2) for n in frames[0].shape[:2])
    top, left = (frames[0].shape[0] - height) * 2 // 3, (frames[0].shape[1] - width) // 3
    return [np.ascontiguousarray(f[top : top + height, left : left + width]) for f in frames]


def _thinned(frames: Frames) -> Frames:
    """15 frames a second: the nearest ones."""
    times = np.arange(0, len(frames), FPS / 15)
    return [frames[min(round(t), len(frames) - 1)] for t in times]


def _levels(frames: Frames, contrast: float, brightness: float) -> Frames:
    return [_u8(cv2.convertScaleAbs(f, alpha=contrast, beta=brightness)) for f in frames]


def _on_a_page(frames: Frames) -> Frames:
    """A screen of 1280 x 800, the video at 0.8 of its size somewhere on a page."""
    page = np.full((800, 1280, 3), 243, np.uint8)
    page[:64] = 52
    for row in range(120, 780, 26):
        cv2.putText(page, "words on a page " * 3, (700, row), 0, 0.6, (60, 60, 60), 1, cv2.LINE_AA)
    small = _resized(frames, 0.8 * 512 / min(frames[0].shape[:2]))
    pictures = []
    for frame in small:
        height, width = frame.shape[:2]
        screen = page.copy()
        screen[131 : 131 + height, 77 : 77 + width] = frame[:, : 1280 - 77]
        pictures.append(screen)
    return pictures


def _by_phone(frames: Frames) -> Frames:
    """A screen filmed from the side by a phone at rest: perspective, blur and noise."""
    height, width = frames[0].shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[338, 66], [918, 92], [926, 642], [326, 667]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    rng, size = np.random.default_rng(0), 720 * 1280 * 3
    grain = 4 * rng.standard_normal(4 * size, np.float32)
    pictures = []
    for frame in frames:
        picture = cv2.warpPerspective(frame, matrix, (1280, 720), borderValue=(38, 40, 44))
        blurred = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
        noise = grain[(start := int(rng.integers(3 * size))) : start + size].reshape(720, 1280, 3)
        pictures.append(np.clip(0.9 * blurred + 12 + noise, 0, 255).astype(np.uint8))
    return pictures


def _u8(frame: Any) -> Picture:
    return np.asarray(frame, np.uint8)


# Each is what happens to the written file. What has been changed is encoded again at crf 23, the
# encoder's own default.
ATTACKS: dict[str, Attack] = {
    "as written": lambda f: f,
    "H.264 crf 18": lambda f: h264(f, 18),
    "H.264 crf 23": lambda f: h264(f, 23),
    "H.264 crf 28": lambda f: h264(f, 28),
    "H.264 crf 33": lambda f: h264(f, 33),
    "two generations, crf 23 and 28": lambda f: h264(h264(f, 23), 28),
    "resize 0.75": lambda f: h264(_resized(f, 0.75), 23),
    "resize 0.5": lambda f: h264(_resized(f, 0.5), 23),
    "crop to 70 %": lambda f: h264(_cropped(f, 0.7), 23),
    "15 frames a second": lambda f: h264(_thinned(f), 23),
    "mirror": lambda f: h264([np.ascontiguousarray(x[:, ::-1]) for x in f], 23),
    "brightness -30, contrast 1.25": lambda f: h264(_levels(f, 1.25, -30), 23),
    "brightness +30, contrast 0.75": lambda f: h264(_levels(f, 0.75, 30), 23),
    "screen recording of a page": lambda f: h264(_on_a_page(f), 23),
    "filmed by a phone": lambda f: h264(_by_phone(f), 23),
}

# WebRTC calls. They get the frames as they are drawn.
CALLS: dict[str, Attack] = {
    "VP8 call, 1 Mbit/s": lambda f: call(f, "video/VP8", 1_000_000),
    "VP8 call, 500 kbit/s": lambda f: call(f, "video/VP8", 500_000),
    "H.264 call, 1 Mbit/s": lambda f: call(f, "video/H264", 1_000_000),
    "H.264 call, 500 kbit/s": lambda f: call(f, "video/H264", 500_000),
}


def check_calls() -> None:
    """Raise GiocondaError unless calls can be made."""
    if find_spec("aiortc") is None:
        raise GiocondaError("calls are made with aiortc; pip install 'gioconda-portrait[bench]'")


def call(frames: Frames, codec: str, bit_rate: int) -> Frames:
    """Sent over a WebRTC connection on this machine, in real time.

    Args:
        frames: what is sent.
        codec: "video/VP8" or "video/H264".
        bit_rate: bits a second, held by the sender's encoder.

    Returns:
        The frames that arrive, those that the decoder gave up left out.
    """
    for codecs in ("h264", "vpx"):
        module = import_module(f"aiortc.codecs.{codecs}")
        for name in ("DEFAULT_BITRATE", "MIN_BITRATE", "MAX_BITRATE"):
            setattr(module, name, bit_rate)
    return asyncio.run(_call(frames, codec))


async def _call(frames: Frames, codec: str) -> Frames:
    from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender
    from aiortc.mediastreams import MediaStreamError

    received: Frames = []
    done = asyncio.Event()
    tasks = []
    silent = RTCConfiguration(iceServers=[])
    sender, receiver = RTCPeerConnection(silent), RTCPeerConnection(silent)

    async def receive(track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                received.append(_u8((await track.recv()).to_ndarray(format="rgb24")))

    receiver.on("track", lambda track: tasks.append(asyncio.ensure_future(receive(track))))
    try:
        sender.addTrack(_source(frames, done))
        kinds = RTCRtpSender.getCapabilities("video").codecs
        sender.getTransceivers()[0].setCodecPreferences([c for c in kinds if c.mimeType == codec])
        await sender.setLocalDescription(await sender.createOffer())
        await receiver.setRemoteDescription(sender.localDescription)
        await receiver.setLocalDescription(await receiver.createAnswer())
        await sender.setRemoteDescription(receiver.localDescription)
        await asyncio.wait_for(done.wait(), 30 + 10 * len(frames) / FPS)
        await asyncio.sleep(1)
    finally:
        await sender.close()
        await receiver.close()
        for task in tasks:
            task.cancel()
    return received


def _source(frames: Frames, done: asyncio.Event) -> Any:
    """A track that gives the frames in real time, sets `done`, and then stays silent."""
    from aiortc import VideoStreamTrack

    class Source(VideoStreamTrack):
        index, start = 0, 0.0

        async def recv(self) -> av.VideoFrame:
            loop = asyncio.get_running_loop()
            if self.index == 0:
                self.start = loop.time()
            if self.index >= len(frames):
                done.set()
                await asyncio.Event().wait()
            await asyncio.sleep(max(self.start + self.index / FPS - loop.time(), 0))
            frame = av.VideoFrame.from_ndarray(frames[self.index], "rgb24")
            frame.pts, frame.time_base = self.index * 90000 // FPS, Fraction(1, 90000)
            self.index += 1
            return frame

    return Source()
