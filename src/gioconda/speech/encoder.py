"""Speech → features that know what is said, frame by frame.

`training/hearing/recipe.py` trains the network. One call takes frames of sound and the state of all
before them; nothing is computed twice.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.inference import Request, network_of
from gioconda.speech.features import LOOK_AHEAD, SILENCE, SPECTRA
from gioconda.speech.mel import MELS

FEATURES: Final = 256


@dataclass(frozen=True)
class Heard:
    """What is heard in T frames.

    Attributes:
        features: (T, 256) what is said, and how.
        voice: (T,) how surely a voice sounds, 0 to 1.
        closing: (T,) how surely p, b or m is said, 0 to 1.
        touching: (T,) how surely f or v is said, 0 to 1.
        shift: (T,) semitones by which the voice and its head's resonances lie higher than most;
            a single frame tells little of it.
    """

    features: NDArray[np.float32]
    voice: NDArray[np.float32]
    closing: NDArray[np.float32]
    touching: NDArray[np.float32]
    shift: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.voice)


class SpeechEncoder:
    """Log-mel in, features out, `LOOK_AHEAD` frames later.

    Pieces of any size give the same as all at once.

    Args:
        model: a file that `gioconda train hearing` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._ask, self._model = Request(load_encoder(model, 1)), model
        self._frame, self._state = self._ask.inputs.values()
        self._ahead = LOOK_AHEAD  # frames to come before the first answer counts

    def __reduce__(self) -> tuple[Any, ...]:
        return SpeechEncoder, (self._model,), (self._state, self._ahead)

    def __setstate__(self, state: tuple[NDArray[np.float32], int]) -> None:
        self._state[:], self._ahead = state

    def append(self, mel: NDArray[np.float32]) -> Heard:
        """What is now certain.

        Args:
            mel: (frames, 4, 80) as in `Speech.mel`.
        """
        rows = [self._hear(frame) for frame in mel]
        skipped = min(self._ahead, len(rows))
        self._ahead -= skipped
        kept = rows[skipped:]
        if not kept:
            nothing = np.empty(0, np.float32)
            return Heard(np.empty((0, FEATURES), np.float32), *[nothing] * 4)
        return Heard(*map(np.concatenate, zip(*kept, strict=True)))

    def finish(self) -> Heard:
        """The last frames, `LOOK_AHEAD` or fewer, as if silence followed."""
        return self.append(np.full((LOOK_AHEAD, SPECTRA, MELS), SILENCE, np.float32))

    def _hear(self, mel: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """All that `Heard` has, of one frame."""
        self._frame[0] = mel
        *heard, state = self._ask()
        self._state[:] = state
        return [np.array(part) for part in heard]


def hear(mel: NDArray[np.float32], network: ov.CompiledModel) -> Heard:
    """What is heard in a whole recording: as a `SpeechEncoder` hears it, but all at once, so that
    the last bits may differ.

    Args:
        mel: (T, 4, 80) as in `Speech.mel`.
        network: of `load_encoder`.
    """
    ahead = np.full((LOOK_AHEAD, SPECTRA, MELS), SILENCE, np.float32)
    state = np.zeros(network.inputs[1].shape, np.float32)
    heard = list(network((np.concatenate([mel, ahead]), state)).values())
    return Heard(*(part[LOOK_AHEAD:] for part in heard[:-1]))


def load_encoder(model: Path | None = None, frames: int | None = None) -> ov.CompiledModel:
    """A speech encoder's network; the released one's by default.

    Args:
        model: its file.
        frames: as in `network_of`.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    return network_of(model, "speech.onnx", "a speech encoder", frames)
