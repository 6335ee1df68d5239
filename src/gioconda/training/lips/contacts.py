"""A loss of lips by the phones that are spoken: they meet on p, b, m, and are apart on vowels."""

from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gioconda.face.basis import Basis
from gioconda.face.measure import lip_gap
from gioconda.training.lips.sounds import MEETING, OPEN, ROUNDED, TOUCHING

_PERCENT: Final = 100.0  # of the inter-ocular distance
_FAR: Final = 1e3
# Percent that the lips are apart at the least during a phone.
_MOST: Final = {MEETING: -0.3, TOUCHING: 1.0}
_LEAST: Final = {OPEN: 2.8, ROUNDED: 1.2}


class ContactLoss:
    """How far lips are from what phones ask, in percent of the inter-ocular distance."""

    def __init__(self, basis: Basis) -> None:
        self._gap = torch.from_numpy(lip_gap(basis.dynamics[basis.lower]).astype(np.float32))

    def __call__(self, lower: Tensor, neutral: Tensor, spans: Tensor) -> dict[str, Tensor]:
        """ "meeting", "touching" and "apart": the mean over such phones; 0 where there are none.
        "pressing": the mean over all frames of how far lips pass through each other.

        Args:
            lower: (N, T, C) coordinates of the lower face.
            neutral: `lip_gap` (N,) of the neutral face.
            spans: (M, 4) window, number in `KINDS`, first frame, frame after the last.
        """
        window, kind, first, stop = spans.T
        opening = _PERCENT * (lower @ self._gap + neutral[:, None])
        frames = torch.arange(lower.shape[1])
        inside = (frames >= first[:, None]) & (frames < stop[:, None])
        least = opening[window].masked_fill(~inside, _FAR).amin(1)

        def mean(off: Tensor, chosen: Tensor) -> Tensor:
            return (F.relu(off) * chosen).sum() / chosen.sum().clamp(1)

        wanted = torch.where(kind == ROUNDED, _LEAST[ROUNDED], _LEAST[OPEN])
        return {
            "meeting": mean(least - _MOST[MEETING], kind == MEETING),
            "touching": mean(least - _MOST[TOUCHING], kind == TOUCHING),
            "apart": mean(wanted - least, kind >= OPEN),
            "pressing": F.relu(_MOST[MEETING] - opening).mean(),
        }
