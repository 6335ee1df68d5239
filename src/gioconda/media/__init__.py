"""Pictures, sound and video, in and out.

Pictures are RGB, uint8, height x width x 3. Sound is 16 kHz mono float32 in [-1, 1].
Video is 25 frames a second.
"""

from gioconda.media.audio import SAMPLE_RATE, Sound, from_int16, read_audio, to_int16
from gioconda.media.image import Picture, cut_out, read_frames, read_image, sample, write_image
from gioconda.media.soundtrack import FileSound
from gioconda.media.video import FPS, VideoWriter, read_video

__all__ = [
    "FPS",
    "SAMPLE_RATE",
    "FileSound",
    "Picture",
    "Sound",
    "VideoWriter",
    "cut_out",
    "from_int16",
    "read_audio",
    "read_frames",
    "read_image",
    "read_video",
    "sample",
    "to_int16",
    "write_image",
]
