"""MediaPipe's Face Landmarker as a judge: the 52 blendshapes that it reads off a picture.

It had no part in how emotions are made: its networks are others than those of `gioconda.face`.
They lie in one file, `face_landmarker.task` (Apache-2.0), which is not in the package;
docs/evaluation.md says where to take it from. The pipeline is that of MediaPipe's
`face_landmarks_detector_graph.cc` and `face_blendshapes_graph.cc`.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face import topology
from gioconda.inference import compiled
from gioconda.media import cut_out
from gioconda.media.files import check_readable

SHA256: Final = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
_SIDE: Final = 256
_MARGIN: Final = 1.5
_TIMES: Final = 2  # the landmarks are found in a square about the ones that were found before
# The landmarks that the network of blendshapes takes, and its outputs in their order.
_TAKEN: Final = np.array(
    [0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65]
    + [66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136]
    + [144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168]
    + [172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276]
    + [282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318]
    + [321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380]
    + [381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454]
    + [466, *range(468, 478)]
)
NAMES: Final = (
    *("neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft"),
    *("browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft"),
    *("eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft"),
    *("eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen"),
    *("jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft"),
    *("mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight"),
    *("mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower"),
    *("mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight"),
    *("mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight"),
)


class BlendshapeReader:
    """Reads blendshapes off pictures.

    Args:
        bundle: `face_landmarker.task`.

    Raises:
        GiocondaError: if the file is missing or is not the one that this is written for.
    """

    def __init__(self, bundle: Path) -> None:
        check_readable(bundle)
        if hashlib.sha256(bundle.read_bytes()).hexdigest() != SHA256:
            raise GiocondaError(
                f"{bundle} is not MediaPipe's face_landmarker.task with sha256 {SHA256}; "
                "docs/evaluation.md says where to take it from"
            )
        landmarks, blendshapes = _networks(bundle)
        self._landmarks = landmarks.create_infer_request()
        self._blendshapes = blendshapes.create_infer_request()

    def read(self, picture: NDArray[np.uint8], near: NDArray[np.floating]) -> NDArray[np.float64]:
        """The blendshapes (52,), each 0 to 1, in the order of `NAMES`.

        Args:
            picture: (H, W, 3) RGB.
            near: (478, 2 or 3) about where the face's mesh is, in pixels.
        """
        points = np.asarray(near[:, :2], np.float64)
        for _ in range(_TIMES):
            points = self._find(picture, points)
        taken = (points[_TAKEN] + 0.5).astype(np.float32)
        return np.array(self._blendshapes.infer(taken[None])[0], np.float64).reshape(-1)

    def _find(self, picture: NDArray[np.uint8], near: NDArray[np.float64]) -> NDArray[np.float64]:
        """The landmarks (478, 2) in a square about others, level along the eyes."""
        across = near[topology.LEFT_EYE_OUTER] - near[topology.RIGHT_EYE_OUTER]
        axis = across / max(float(np.linalg.norm(across)), 1e-6)
        frame = np.array([axis, [-axis[1], axis[0]]])
        levelled = near @ frame.T
        low, high = levelled.min(0), levelled.max(0)
        scale = float((high - low).max()) * _MARGIN / _SIDE
        turn = scale * frame.T
        shift = (low + high) / 2 @ frame - turn @ np.full(2, (_SIDE - 1) / 2)
        back = np.linalg.inv(turn)
        crop = cut_out(picture, np.column_stack([back, -back @ shift]), (_SIDE, _SIDE))
        found = self._landmarks.infer(crop[None].astype(np.float32) / 255)[0]
        return np.asarray((found.reshape(-1, 3)[:, :2] - 0.5) @ turn.T + shift)


def _networks(bundle: Path) -> list[ov.CompiledModel]:
    names = ("face_landmarks_detector.tflite", "face_blendshapes.tflite")
    try:
        with ZipFile(bundle) as files, tempfile.TemporaryDirectory() as folder:
            return [
                compiled(ov.Core().read_model(files.extract(name, folder)), "a judge", None)
                for name in names
            ]
    except (BadZipFile, KeyError, RuntimeError) as error:
        raise GiocondaError(f"{bundle} has no judge ({error})") from error
