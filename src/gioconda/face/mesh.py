"""The dense mesh of a face in a picture."""

from threading import local
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.detector import Detection
from gioconda.face.networks import network
from gioconda.media import cut_out

_SIZE = 192
_MARGIN = 1.5


class FaceMesh:
    """MediaPipe's attention mesh: 478 points with refined lips, lids and irises.

    Points are (x, y, z) in pixels of the picture (pixel centres at integers); z grows away
    from the camera, in the same unit, and is about 0 at the middle of the head.
    """

    def __init__(self) -> None:
        self._request = network("face_landmark_with_attention").create_infer_request()
        self._input = np.empty((1, _SIZE, _SIZE, 3), np.float32)

    def at(self, image: NDArray[np.uint8], face: Detection) -> tuple[NDArray[np.float32], float]:
        """The mesh of a face that the detector found: points (478, 3) and presence, 0 to 1."""
        right, left = face.keypoints[:2]
        middle = np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2
        points, presence = self._fit(image, middle, left - right, face.size * _MARGIN)
        for _ in range(2):
            points, presence = self.near(image, points)
        return points, presence

    def near(
        self, image: NDArray[np.uint8], previous: NDArray[np.float32], squeeze: float = 1.0
    ) -> tuple[NDArray[np.float32], float]:
        """The mesh of the face that was at `previous` (478, 3) a frame before.

        Args:
            image: (H, W, 3) RGB.
            previous: in its pixels.
            squeeze: part of its height in which the network sees the face, to 1.
        """
        across = previous[topology.LEFT_EYE_OUTER, :2] - previous[topology.RIGHT_EYE_OUTER, :2]
        axis = across / max(float(np.linalg.norm(across)), 1e-6)
        frame = np.array([axis, [-axis[1], axis[0]]])  # rows: right, down
        levelled = previous[: topology.FACE_POINTS, :2] @ frame.T
        low, high = levelled.min(0), levelled.max(0)
        middle = (low + high) / 2 @ frame
        side = float(((high - low) * [1, squeeze]).max()) * _MARGIN
        return self._fit(image, middle, across, side, squeeze)

    def _fit(
        self,
        image: NDArray[np.uint8],
        middle: NDArray[np.floating],
        across: NDArray[np.floating],
        side: float,
        squeeze: float = 1.0,
    ) -> tuple[NDArray[np.float32], float]:
        """Run the network on a square about `middle`, level along `across`."""
        axis = across / max(float(np.linalg.norm(across)), 1e-6)
        scale = side / _SIZE  # picture pixels to one crop pixel
        turn = scale * np.array([[axis[0], -axis[1]], [axis[1], axis[0]]])
        turn /= np.array([1, squeeze], turn.dtype)
        shift = middle - turn @ np.array([(_SIZE - 1) / 2] * 2)
        back = np.linalg.inv(turn)
        to_crop = np.concatenate([back, (-back @ shift)[:, None]], 1)
        crop = cut_out(image, to_crop, (_SIZE, _SIZE))
        np.multiply(crop, np.float32(1 / 255), out=self._input[0])
        answer = self._request.infer(self._input, share_inputs=True)
        mesh, lips, right_eye, left_eye, right_iris, left_iris, flag = (
            answer[i].reshape(-1) for i in range(7)
        )
        points = np.empty((topology.POINTS, 3), np.float32)
        points[: topology.FACE_POINTS] = mesh.reshape(-1, 3)
        points[topology.LIPS, :2] = lips.reshape(-1, 2)
        points[topology.RIGHT_EYE, :2] = right_eye.reshape(-1, 2)
        points[topology.LEFT_EYE, :2] = left_eye.reshape(-1, 2)
        for iris, found, rim in (
            (topology.RIGHT_IRIS, right_iris, topology.RIGHT_EYE[:16]),
            (topology.LEFT_IRIS, left_iris, topology.LEFT_EYE[:16]),
        ):
            points[iris, :2] = found.reshape(-1, 2)
            points[iris, 2] = points[rim, 2].mean()
        points[:, :2] = (points[:, :2] - 0.5) @ turn.T + shift  # the network counts from corners
        points[:, 2] *= scale
        return points, float(1 / (1 + np.exp(-np.clip(flag[0], -50, 50))))


_OWN: Final = local()  # of each thread: a mesh keeps what it is asked with


def thread_mesh() -> FaceMesh:
    """The face mesh of this thread, which is made on the first call."""
    if not hasattr(_OWN, "mesh"):
        _OWN.mesh = FaceMesh()
    return cast(FaceMesh, _OWN.mesh)
