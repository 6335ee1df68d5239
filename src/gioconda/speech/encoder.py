"""Speech → features that know what is said and how lips move to it.

`training/speech/recipe.py` trains the network.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.inference import compiled, compiled_weights
from gioconda.speech.features import LOOK_AHEAD, SILENCE, SPECTRA
from gioconda.speech.mel import MELS

FIELD: Final = 23  # frames of video before its own that a feature hears
BEFORE: Final = 4  # features before its own that the mouth is read from
HISTORY: Final = FIELD + BEFORE


@dataclass(frozen=True)
class Heard:
    """What is heard in T frames.

    Attributes:
        features: (T, features) what they are told by.
        voice: (T,) how surely a voice sounds, 0 to 1.
        mouth: (T, C) what a mouth does to it, in the basis's part for the lower face.
        closing: (T,) how surely p, b or m is said and lips meet, 0 to 1; seldom over 0.5.
        touching: (T,) how surely f or v is said and lips come near, as well.
    """

    features: NDArray[np.float32]
    voice: NDArray[np.float32]
    mouth: NDArray[np.float32]
    closing: NDArray[np.float32]
    touching: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.voice)


class SpeechEncoder:
    """Log-mel in, features out, `LOOK_AHEAD` frames later.

    Pieces of any size give the same as all at once.

    Args:
        model: a file that `gioconda train speech` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path | None = None) -> None:
        what = "a speech encoder"
        self._network = compiled(model, what) if model else compiled_weights("speech.onnx", what)
        self._heard = np.full((HISTORY, SPECTRA, MELS), SILENCE, np.float32)

    def append(self, mel: NDArray[np.float32]) -> Heard:
        """What is now certain.

        Args:
            mel: (frames, 4, 80) as in `Speech.mel`.
        """
        self._heard = np.concatenate([self._heard, mel])
        count = max(0, len(self._heard) - HISTORY - LOOK_AHEAD)
        # one by one: the same sums whatever the pieces
        windows = (self._heard[i : i + HISTORY + 1 + LOOK_AHEAD] for i in range(count))
        rows = [self._hear(one) for one in windows]
        self._heard = self._heard[count:]
        if not rows:
            sizes = (port.partial_shape for port in self._network.outputs)
            empty = [
                np.empty((0, *(d.get_length() for d in size[2:])), np.float32) for size in sizes
            ]
            return Heard(*empty)
        parts = ([getattr(row, one.name) for row in rows] for one in fields(Heard))
        return Heard(*map(np.concatenate, parts))

    def whole(self, mel: NDArray[np.float32]) -> Heard:
        """As `append` and `finish` of a whole recording, faster; the last bits may differ."""
        sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (HISTORY, LOOK_AHEAD)]
        return self._hear(np.concatenate([sides[0], mel, sides[1]]))

    def finish(self) -> Heard:
        """The last frames, `LOOK_AHEAD` or fewer, as if silence followed."""
        return self.append(np.full((LOOK_AHEAD, SPECTRA, MELS), SILENCE, np.float32))

    def _hear(self, mel: NDArray[np.float32]) -> Heard:
        return Heard(*(part[0] for part in self._network(mel.reshape(1, -1, MELS)).values()))
