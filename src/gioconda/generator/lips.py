"""Lips: what the lower face does to speech, frame by frame.

The network's contract, which training shares: `lips.onnx` takes the `speech` of T frames, as
`speech_condition` gives it, (T, 258), the `articulation` (1,) and a `state` (numbers,), 0 before
any speech. It gives the `lower` part of the dynamics (T, lower) and the `next` state.

The lips are not sampled. What speech tells of them is told best by one answer that is taught to go
with the real lips and to move as far as they do (docs/design.md).
"""

from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.generator.calibration import Calibration
from gioconda.inference import Request, network_of


class Lips:
    """Speech in, lower faces out.

    Args:
        calibration: how far lips move where the dial is 1, and what was learned.
        model: a file that `gioconda train lips` wrote; the released one by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(self, calibration: Calibration, model: Path | None = None) -> None:
        network = load_lips(model)
        self._usual = calibration.articulation
        self._learned = calibration.articulation_range
        speech = network.input("speech").partial_shape[1].get_length()
        self._ask = Request(network, {"speech": np.zeros((1, speech), np.float32)})

    def next(self, speech: NDArray[np.float32], articulation: float) -> NDArray[np.float32]:
        """The lower part of the next frame's dynamics.

        Args:
            speech: (258,) of `speech_condition`.
            articulation: the dial. Beyond what clips taught it is a gain.
        """
        wanted = articulation * self._usual
        known = float(np.clip(wanted, *self._learned))
        given = self._ask.inputs
        given["speech"][0] = speech
        given["articulation"][0] = np.log(known)
        lower, state = self._ask()
        given["state"][:] = state
        return np.array(lower[0]) * np.float32(wanted / known)


def load_lips(model: Path | None = None) -> ov.CompiledModel:
    """The network of lips; the released one's by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    return network_of(model, "lips.onnx", "a network of lips")
