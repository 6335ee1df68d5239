"""The geometry of a mouth's inside, alike for everybody.

Cut from ICT-FaceKit "Light" (Li et al., "Learning formation of physically-based face attributes",
CVPR 2020) by `scripts/mouth-interior`.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from gioconda.errors import GiocondaError
from gioconda.inference import weights_file

SCALE: Final = 2.0**14  # lengths are stored as 16-bit multiples of its inverse
# Where lips that rest meet, in the head frame: the middle of rims and corners.
LIPS_MEET: Final = (0.0, 0.769, -0.235)
LIPS_WIDTH: Final = 0.487  # between the corners of the inner rims, of the face it was cut from


class Part(IntEnum):
    """What a vertex belongs to."""

    GUM = 0  # and the walls of the mouth
    TONGUE = 1
    UPPER_TEETH = 2
    LOWER_TEETH = 3


@dataclass(frozen=True)
class MouthShape:
    """Mesh of the inside of a mouth in the head frame, its teeth shut.

    Attributes:
        rest: (V, 3).
        opened: (V, 3) how each vertex moves when the jaw opens by 1: a front tooth by 0.38.
        normals: (V, 3) of length 1, out of teeth and tongue and into the cavity.
        occlusion: (V,) how much light reaches it, 0 to 1.
        part: (V,) of `Part`, in ascending order.
        triangles: (F, 3), clockwise in the picture when seen from the front.
    """

    rest: NDArray[np.float32]
    opened: NDArray[np.float32]
    normals: NDArray[np.float32]
    occlusion: NDArray[np.float32]
    part: NDArray[np.uint8]
    triangles: NDArray[np.int32]


@cache
def released_shape() -> MouthShape:
    """The shape that comes with the package."""
    return load_shape(weights_file("mouth.safetensors"))


def load_shape(path: Path) -> MouthShape:
    """Read a shape that `scripts/mouth-interior` wrote.

    Raises:
        GiocondaError: if the file is missing or is no such shape.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        moved = tensors["opened"] / SCALE
        return MouthShape(
            rest=(tensors["rest"] / SCALE).astype(np.float32),
            opened=np.pad(moved, ((0, 0), (1, 0))).astype(np.float32),
            normals=(tensors["normals"] / np.float32(127)).astype(np.float32),
            occlusion=tensors["occlusion"] / np.float32(255),
            part=tensors["part"],
            triangles=tensors["triangles"].astype(np.int32),
        )
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise GiocondaError(f"{path} is not the shape of a mouth ({error})") from error
