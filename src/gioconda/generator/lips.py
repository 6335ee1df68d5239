"""Lips: what the lower face does to speech, frame by frame.

The network's contract, which training shares; T frames, N = `LATER` + 1:

| tensor | shape in `lips.onnx` | what it is |
|---|---|---|
| `speech` | (T, N, 258) | `speech_condition` of the frame before each, and of those after that |
| `heard` | (T, N) | 1 where it is heard; else speech is 0 |
| `manner` | (2,) | how far lips move, and are apart: logarithms against people's medians |
| `state` | (numbers,) | 0 before any speech |
| → `lower` | (T, lower) | the lower part of the dynamics |
| → `certain` | (T, 2) | how surely a voice sounds, and lips meet, 0 to 1 |
| → `next` | (numbers,) | the next state |

One network serves calls, in which only the frame before is heard, and recordings, which hear on.

The lips are not sampled. What speech tells of them is told best by one answer that is taught to go
with the real lips and to move as far as they do (docs/design.md).
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.generator.calibration import Calibration
from gioconda.inference import Request, network_of

EARLIER: Final = 1  # frames before its own: the first one heard, in a call the only one
LATER: Final = 6  # frames after that one that the network may hear, besides the encoder's
MANNER: Final = 2  # numbers of the speaker's manner
_SETTLED: Final = 12  # frames after which lips are at rest
CERTAIN: Final = ("voice", "meet")  # what the network tells the certainty of


class Lips:
    """Speech in, lower faces out.

    Args:
        calibration: how far lips move and are apart where the dial is 1, and what was learned.
        model: a file that `gioconda train lips` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, calibration: Calibration, model: Path | None = None) -> None:
        network = load_lips(model)
        self._made_of = calibration, model
        self._calibration = calibration
        self._ask = Request(network)

    def __reduce__(self) -> tuple[Any, ...]:
        return Lips, self._made_of, self._ask.inputs["state"]

    def __setstate__(self, state: NDArray[np.float32]) -> None:
        self._ask.inputs["state"][:] = state

    def next(
        self, speech: NDArray[np.float32], articulation: float
    ) -> tuple[NDArray[np.float32], float, float]:
        """The lower part of the next frame's dynamics; how surely a voice sounds, and lips meet in
        it, 0 to 1.

        Args:
            speech: (1 to `LATER` + 1, 258) of `speech_condition`: of the frame before, of the
                frame, and of those after it, as far as they are heard; zeros before any.
            articulation: the dial. Beyond what clips taught it is a gain.
        """
        c = self._calibration
        wanted = articulation * c.articulation
        known = float(np.clip(wanted, *c.articulation_range))
        parting = min(articulation, articulation**c.parting_power) * c.parting
        given = self._ask.inputs
        given["speech"][0] = 0
        given["speech"][0, : len(speech)] = speech
        given["heard"][0] = given["speech"][0].any(1)
        given["manner"][:] = np.log([known, np.clip(parting, *c.parting_range)])
        lower, certain, state = self._ask()
        given["state"][:] = state
        voice, meeting = map(float, certain[0])
        return np.array(lower[0]) * np.float32(wanted / known), voice, meeting

    def settle(self, speech: NDArray[np.float32]) -> None:
        """Come to rest, as in half a second of silence; without any past, lips begin half open.

        Args:
            speech: (258,) of a silent frame, as in `next`.
        """
        for _ in range(_SETTLED):
            self.next(np.tile(speech, (LATER + 1, 1)), 1.0)


def load_lips(model: Path | None = None) -> ov.CompiledModel:
    """The network of lips, frame by frame; the released one's by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    return network_of(model, "lips.onnx", "a network of lips", frames=1)
