"""How well the mark lives through what happens to videos, and how rarely it is seen where none is.

The attacks are made here, by FFmpeg's encoders and OpenCV; calls are made with aiortc (the extra
"bench"), a real WebRTC connection from this process to itself.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.animator import Animator
from gioconda.errors import GiocondaError
from gioconda.media import FPS, read_audio, read_image, read_video
from gioconda.portrait import make_portrait
from gioconda.provenance import CHANCE, Finding, Mark, Output, find_mark, read_manifest
from gioconda.provenance.mark import Mark as _Mark

Frames = list[NDArray[np.uint8]]
Attack = Callable[[Frames], Frames]

LENGTHS = (1, 2, 5)  # seconds
_SOURCE_CRF = 18  # what Gioconda itself writes
_LATER_CRF = 23  # x264's own default, for what is encoded once more after an attack
_SIZE = 512
