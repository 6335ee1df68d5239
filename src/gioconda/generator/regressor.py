"""Speech → the mouth's part of the dynamics: a small causal convolution net.

`training/regressor.py` trains it.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.inference import network_of
from gioconda.speech import LOOK_AHEAD, SILENCE
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS

HISTORY: Final = 22  # frames of video before its own whose sound the net takes in


class Regressor:
    """Speech in, the coordinates of the lower face out, `LOOK_AHEAD` frames later.

    Args:
        model: a file that `gioconda train regressor` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._network = network_of(model, "regressor.onnx", "a regressor")
        self._mel = np.full((HISTORY, SPECTRA, MELS), SILENCE, np.float32)

    def append(self, mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """The frames that are now certain, (T, coordinates).

        Args:
            mel: (frames, 4, 80) as in `Speech.mel`.
        """
        self._mel = np.concatenate([self._mel, mel])
        count = len(self._mel) - HISTORY - LOOK_AHEAD
        if count <= 0:
            return np.empty((0, self._network.output(0).partial_shape[2].get_length()), np.float32)
        window = self._mel.reshape(1, -1, MELS)
        self._mel = self._mel[count:]
        found: NDArray[np.float32] = self._network(window)[0][0]
        return found

    def finish(self) -> NDArray[np.float32]:
        """The last frames, `LOOK_AHEAD` or fewer, as if silence followed."""
        return self.append(np.full((LOOK_AHEAD, SPECTRA, MELS), SILENCE, np.float32))
