"""The sync judge: does this sound belong to these lips?

Networks of the speech encoder's design, learned on people from whom neither encoder nor
generator learned anything, see `training/speech/recipe.py`. Nothing that makes motion uses it.
"""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.inference import compiled
from gioconda.speech import LOOK_AHEAD, SILENCE, listen
from gioconda.speech.encoder import FIELD
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS

SHIFTS: Final = range(5)  # frames by which the sound is moved
_RELEASED: Final = "judge.onnx"


class SyncJudge:
    """Sound and lips in, how well they agree out.

    Args:
        model: a file that `gioconda train speech --judge` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._network = _released() if model is None else compiled(model, "a sync judge")

    def scores(self, pcm: NDArray[np.float32], lower: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean cosine between sound and lips, for each of `SHIFTS`, (5,).

        The sound is moved to both sides; of the two the mean is taken.

        Args:
            pcm: (640 T,) 16 kHz mono.
            lower: (T, C) the lower face's part of the dynamics, T at least 15.
        """
        sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (FIELD, LOOK_AHEAD)]
        mel = np.concatenate([sides[0], listen(pcm).mel, sides[1]]).reshape(1, -1, MELS)
        answer = self._network([mel, lower[None].astype(np.float32)])
        sound, lips = answer[0][0], answer[1][0]
        most = max(SHIFTS)
        inner = lips[most : len(lips) - most]
        table = [
            float((sound[most + k : len(sound) - most + k] * inner).sum(1).mean())
            for k in range(-most, most + 1)
        ]
        return np.array([(table[most - k] + table[most + k]) / 2 for k in SHIFTS])


@cache
def _released() -> ov.CompiledModel:
    file = resources.files("gioconda") / "weights" / _RELEASED
    with resources.as_file(file) as path:
        return compiled(path, "a sync judge")
