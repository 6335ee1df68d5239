"""Sound and video files, made by PyAV as the tests need them."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def write_sound(
    path: Path, channels: NDArray[np.generic], rate: int, codec: str, layout: str, form: str
) -> Path:
    """A sound file of `channels` (channels, samples), of the sample format `form`."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        if not form.endswith("p"):
            channels = channels.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels), form, layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_pictures(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    times: Iterable[Fraction],
    rate: int = 25,
    codec: str = "libx264",
) -> Path:
    """A video of RGB pictures at the given times (s)."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options={"crf": "10"})
        for picture, time in zip(pictures, times, strict=True):
            if not stream.codec_context.is_open:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.time_base = Fraction(1, 90000)
            frame.pts = round(time * 90000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
