"""Speech → features that know what is said and how lips move to it.

`training/speech.py` trains the network.
"""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.speech.features import LOOK_AHEAD, SILENCE, SPECTRA
from gioconda.speech.mel import MELS

HISTORY: Final = 23  # frames of video before its own that a feature hears
_RELEASED: Final = "speech.onnx"


class SpeechEncoder:
    """Log-mel in, features out, `LOOK_AHEAD` frames later.

    Pieces of any size give the same as all at once.

    Args:
        model: a file that `gioconda train speech` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._network = _released() if model is None else _compiled(model)
        self._heard = np.full((HISTORY, SPECTRA, MELS), SILENCE, np.float32)

    def append(self, mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What is now certain: features (T, features), and how surely a voice sounds (T,), 0 to 1.

        Args:
            mel: (frames, 4, 80) as in `Speech.mel`.
        """
        self._heard = np.concatenate([self._heard, mel])
        count = max(0, len(self._heard) - HISTORY - LOOK_AHEAD)
        size = self._network.output(0).partial_shape[2].get_length()
        features, voice = np.empty((count, size), np.float32), np.empty(count, np.float32)
        for i in range(count):  # one by one: the same sums whatever the pieces
            one = self._heard[i : i + HISTORY + 1 + LOOK_AHEAD].reshape(1, -1, MELS)
            answer = self._network(one)
            features[i], voice[i] = answer[0][0, 0], answer[1][0, 0]
        self._heard = self._heard[count:]
        return features, voice

    def whole(self, mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As `append` and `finish` of a whole recording, faster; the last bits may differ."""
        sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (HISTORY, LOOK_AHEAD)]
        answer = self._network(np.concatenate([sides[0], mel, sides[1]]).reshape(1, -1, MELS))
        return answer[0][0], answer[1][0]

    def finish(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The last frames, `LOOK_AHEAD` or fewer, as if silence followed."""
        return self.append(np.full((LOOK_AHEAD, SPECTRA, MELS), SILENCE, np.float32))


@cache
def _released() -> ov.CompiledModel:
    file = resources.files("gioconda") / "weights" / _RELEASED
    with resources.as_file(file) as path:
        return _compiled(path)


def _compiled(path: Path) -> ov.CompiledModel:
    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    try:
        return ov.Core().compile_model(str(path), "CPU", settings)
    except RuntimeError as error:
        raise GiocondaError(f"{path} is not a speech encoder ({error})") from error
