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
RECORDED: Final = 6  # frames of a recording that are heard in one call: a quarter of the time each


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
        at_once: frames that are heard in one call, once all of them are there.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, model: Path | None = None, at_once: int = 1) -> None:
        self._ask, self._made_of = Request(load_encoder(model, at_once)), (model, at_once)
        self._frames, self._state = self._ask.inputs.values()
        self._waiting = 0  # frames that wait for others
        self._ahead = LOOK_AHEAD  # frames to come before the first answer counts

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            SpeechEncoder,
            self._made_of,
            (*self._ask.inputs.values(), self._waiting, self._ahead),
        )

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._frames[:], self._state[:], self._waiting, self._ahead = state

    def append(self, mel: NDArray[np.float32]) -> Heard:
        """What is now certain.

        Args:
            mel: (frames, 4, 80) as in `Speech.mel`.
        """
        heard = []
        for frame in mel:
            self._frames[self._waiting] = frame
            self._waiting = (self._waiting + 1) % len(self._frames)
            if not self._waiting:
                heard.append(self._hear())
        if not heard:
            return Heard(np.empty((0, FEATURES), np.float32), *[np.empty(0, np.float32)] * 4)
        skipped = min(self._ahead, len(heard) * len(self._frames))
        self._ahead -= skipped
        return Heard(*(np.concatenate(part)[skipped:] for part in zip(*heard, strict=True)))

    def finish(self) -> Heard:
        """What is left, as if silence followed."""
        left = self._waiting + LOOK_AHEAD - self._ahead
        silence = LOOK_AHEAD + -(self._waiting + LOOK_AHEAD) % len(self._frames)
        heard = self.append(np.full((silence, SPECTRA, MELS), SILENCE, np.float32))
        return Heard(*(part[:left] for part in vars(heard).values()))

    def _hear(self) -> list[NDArray[np.float32]]:
        """All that `Heard` has, of the frames that were waiting."""
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
