"""The sync judge: does this sound belong to these lips?

It learned from people from whom neither encoder nor generator learned lips, see
`training/judge/recipe.py`. Nothing that makes motion uses it.
"""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.inference import compiled
from gioconda.media.files import check_readable
from gioconda.speech import LOOK_AHEAD, SILENCE, listen
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS

_FIELD: Final = 23  # frames before its own that the network hears
SHIFTS: Final = range(5)  # frames by which the sound is moved
SHA256: Final = "53d4f265e9cfd50590f862779e96d973deb93ffe0264b5be0cc5220059141eda"
_CHECKOUT: Final = Path(__file__).resolve().parents[3] / "assets" / "judge.onnx"


def released_judge(file: Path | None = None) -> Path:
    """The released judge: `file`, or that of the checkout which this code runs from.

    Raises:
        GiocondaError: if there is none, or if it is another file.
    """
    if file is None and not _CHECKOUT.is_file():
        raise GiocondaError(
            "The sync judge is not installed with Gioconda; get assets/judge.onnx from its "
            f"repository (sha256 {SHA256}) and give it with --judge."
        )
    found = file or _CHECKOUT
    check_readable(found)
    if hashlib.sha256(found.read_bytes()).hexdigest() != SHA256:
        raise GiocondaError(
            f"{found} is not the released sync judge, so its scores cannot be compared; "
            f"get assets/judge.onnx from Gioconda's repository (sha256 {SHA256})."
        )
    return found


class SyncJudge:
    """Sound and lips in, how well they agree out.

    Args:
        model: a file that `gioconda train judge` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._network = compiled(released_judge() if model is None else model, "a sync judge")

    def scores(self, pcm: NDArray[np.float32], lower: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean cosine between sound and lips, for each of `SHIFTS`, (5,).

        The sound is moved to both sides; of the two the mean is taken.

        Args:
            pcm: (640 T,) 16 kHz mono.
            lower: (T, C) the lower face's part of the dynamics, T at least 15.
        """
        sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (_FIELD, LOOK_AHEAD)]
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
