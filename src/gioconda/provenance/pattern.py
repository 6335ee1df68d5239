"""What the mark looks like: a tile of keyed waves that repeats over the picture."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gioconda.provenance.code import CODED

# Everybody may look for the mark, so the key is public: see docs/responsible-use.md.
PUBLIC_KEY = b"gioconda mark 1"

# Cycles per tile. In a 512 x 512 video (a tile is 128 pixels) waves are 6 to 26 pixels long;
# those that give the geometry away are the longer ones.
_LOW, _HIGH, _SYNC_HIGH = 5.0, 22.0, 15.5
_SYNC = 190  # how many of the longer waves are for synchronisation


@dataclass(frozen=True)
class Pattern:
    """The waves of one key.

    Attributes:
        sync: (S, 2) cycles per tile along x and y of the waves that are always the same.
        sync_phase: (S,) unit complex, their phases.
        data: (D, 2) those of the waves that carry the payload, one coded bit each.
        data_phase: (D,) their phases for a bit of 1; the opposite for 0.
    """

    sync: NDArray[np.int64]
    sync_phase: NDArray[np.complex128]
    data: NDArray[np.int64]
    data_phase: NDArray[np.complex128]

    def chips(self, coded: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(CODED,) bits to the (D,) signs of the data waves."""
        return 2.0 * coded[np.arange(len(self.data)) % CODED].astype(np.float64) - 1

    def gather(self, soft: NDArray[np.float64]) -> NDArray[np.float64]:
        """What (D,) waves say of each of the (CODED,) bits; the transpose of `chips`."""
        return np.asarray(np.bincount(np.arange(len(self.data)) % CODED, soft, CODED), np.float64)

    def tile(self, coded: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
        """One tile, (side, side), of mean 0 and variance 1."""
        spectrum = np.zeros((side, side // 2 + 1), np.complex128)
        spectrum[self.sync[:, 0] % side, self.sync[:, 1]] = self.sync_phase
        spectrum[self.data[:, 0] % side, self.data[:, 1]] = self.data_phase * self.chips(coded)
        tile = np.fft.irfft2(spectrum, (side, side)).T  # x first in the spectrum, y first here
        return np.ascontiguousarray(tile / tile.std(), np.float32)


@lru_cache(maxsize=4)
def make_pattern(key: bytes = PUBLIC_KEY) -> Pattern:
    """The pattern of a key: phases and roles of the waves are drawn by SHAKE-256."""
    span = np.arange(-int(_HIGH), int(_HIGH) + 1)
    waves = np.stack(np.meshgrid(span, span[span > 0], indexing="ij"), -1).reshape(-1, 2)
    radius = np.hypot(waves[:, 0], waves[:, 1])
    kept = (radius >= _LOW) & (radius <= _HIGH)
    waves, radius = waves[kept], radius[kept]
    drawn = np.frombuffer(hashlib.shake_256(key).digest(8 * len(waves)), "<u4") / 2.0**32
    phase = np.exp(2j * np.pi * drawn[: len(waves)])
    order = np.argsort(drawn[len(waves) :], kind="stable")
    long = order[radius[order] <= _SYNC_HIGH][:_SYNC]
    data = order[~np.isin(order, long)]
    return Pattern(waves[long], phase[long], waves[data], phase[data])
