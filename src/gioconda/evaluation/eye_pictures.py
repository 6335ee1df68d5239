"""Where eyes look, read off their pictures: by what they look like in directions that are known.

The mesh puts irises too near to the middle, up and down above all. Pictures of eyes tell more, as
in appearance-based eye trackers (Tan, Kriegman and Ahuja, WACV 2002).
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology

_COLUMNS, _ROWS = 32, 20
_SPAN: Final = 1.25  # of a picture, in widths of the eye
_DARK: Final = 3.0  # grey levels under which a spread is noise
# Chosen by leaving directions of the calibration out, on two portraits.
_NEARNESS: Final = 0.5  # of two pictures, by the mean square of their difference
_RIDGE: Final = 0.01
_ENDS: Final = np.array(
    [
        [topology.RIGHT_LID_LOWER[0], topology.RIGHT_LID_LOWER[-1]],
        [topology.LEFT_LID_LOWER[-1], topology.LEFT_LID_LOWER[0]],
    ]
)  # corners of both eyes, from left to right in the picture

_Floats = NDArray[np.floating]


def eye_pictures(frame: NDArray[np.uint8], face: _Floats) -> NDArray[np.float32]:
    """Both eyes of a frame, of any light: (1280,), each of mean 0 and a spread of about 1.

    Args:
        frame: (H, W) grey.
        face: (478, 2) the neutral face in its pixels, whose corners of the eyes stay where the
            eyes turn.
    """
    across = (np.arange(_COLUMNS) + 0.5) / _COLUMNS - 0.5
    down = ((np.arange(_ROWS) + 0.5) - _ROWS / 2) / _COLUMNS
    found = []
    for start, end in face[_ENDS]:
        along = _SPAN * (end - start)
        below = np.array([-along[1], along[0]])
        place = across[:, None] * along + down[:, None, None] * below + (start + end) / 2
        eye = cv2.remap(
            frame, place.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)  # type: ignore[call-overload]
        found.append(((eye - eye.mean()) / (eye.std() + _DARK)).ravel())
    return np.concatenate(found)


class EyeReader:
    """Pictures of eyes in, where they look out: kernel ridge regression.

    Args:
        pictures: (N, 1280) as of `eye_pictures`, in known directions.
        gaze: (N, 2) these: yaw and pitch in radians.
    """

    def __init__(self, pictures: _Floats, gaze: _Floats) -> None:
        self._known, self._mean = pictures.astype(np.float64), gaze.mean(0)
        near = self._near(self._known) + _RIDGE * np.eye(len(pictures))
        self._weights = np.linalg.solve(near, gaze - self._mean)

    def __call__(self, pictures: _Floats) -> NDArray[np.float64]:
        """Yaw and pitch in radians, (T, 2), of pictures (T, 1280)."""
        return np.asarray(self._near(pictures.astype(np.float64)) @ self._weights + self._mean)

    def _near(self, pictures: NDArray[np.float64]) -> NDArray[np.float64]:
        """How alike pictures (T, P) and the known ones are, (T, N), 0 to 1."""
        lengths = ((one**2).mean(1) for one in (pictures, self._known))
        both = pictures @ self._known.T / pictures.shape[1]
        first, second = lengths
        return np.asarray(np.exp(-_NEARNESS * (first[:, None] + second - 2 * both)))
