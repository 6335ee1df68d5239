"""The head judge: does this voice move this head?

A small network after the contrastive audio-pose score of VASA-1 (CAPP; Xu et al., 2024), learned on
people of whose heads the generator learns nothing, or little: see `training/head_judge.py`.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.inference import compiled
from gioconda.media import FPS

LEAST: Final = 8 * FPS  # frames of a video that it judges: of shorter ones it is wrong too often
_CHECKOUT: Final = Path(__file__).resolve().parents[3] / "assets" / "head_judge.onnx"


def released_head_judge() -> Path | None:
    """The head judge of the checkout that this code runs from; None outside of one."""
    return _CHECKOUT if _CHECKOUT.is_file() else None


class HeadJudge:
    """Windows of motion and sound in, how well they agree out.

    Args:
        model: a file that `gioconda train head-judge` wrote.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path) -> None:
        self._network = compiled(model, "a head judge")

    def scores(
        self, pose: NDArray[np.floating], prosody: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Mean cosine of each head with each sound, (N, M).

        Args:
            pose: (N, T, 6) as in `Motion`, T at least 21.
            prosody: (M, T, 12), see `gioconda.data.samples.prosody`.
        """
        found = self._network([pose.astype(np.float32), prosody.astype(np.float32)])
        heads, sounds = found[0], found[1]  # unit vectors (N, T - 20, E) and (M, T - 20, E)
        return np.asarray(np.einsum("nte,mte->nm", heads, sounds) / heads.shape[1], np.float64)
