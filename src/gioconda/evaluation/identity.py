"""Is it still the same person? Asked of dlib's face recognition, which nothing is trained with.

King, "Dlib-ml: A Machine Learning Toolkit", JMLR 2009; the network's weights come with the
`identity` extra.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face import topology

# In dlib's order.
_PARTS: Final = (
    topology.LEFT_EYE_OUTER,
    topology.LEFT_EYE_INNER,
    topology.RIGHT_EYE_OUTER,
    topology.RIGHT_EYE_INNER,
    topology.NOSE_FOOT,
)
_NET: Final = "models/dlib_face_recognition_resnet_model_v1.dat"


class Recogniser:
    """Knows faces again.

    Raises:
        GiocondaError: if the `identity` extra is not installed.
    """

    def __init__(self) -> None:
        # the package of the weights is not imported: that would need an old setuptools
        package = find_spec("face_recognition_models")
        if find_spec("dlib") is None or package is None or package.origin is None:
            raise GiocondaError(
                'identity needs dlib; install it with: pip install "gioconda-portrait[identity]"'
            )
        self._dlib: Any = import_module("dlib")
        self._net = self._dlib.face_recognition_model_v1(str(Path(package.origin).parent / _NET))

    def describe(
        self, picture: NDArray[np.uint8], mesh: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """What is individual about a face, (128,), of length 1.

        Args:
            picture: (H, W, 3) RGB.
            mesh: (478, 2 or 3) the face in its pixels.
        """
        parts = [self._dlib.point(*map(round, mesh[i, :2].tolist())) for i in _PARTS]
        box = self._dlib.rectangle(0, 0, picture.shape[1] - 1, picture.shape[0] - 1)
        shape = self._dlib.full_object_detection(box, parts)
        found = self._net.compute_face_descriptor(np.ascontiguousarray(picture), shape)
        described = np.asarray(found, np.float64)
        return described / np.linalg.norm(described)
