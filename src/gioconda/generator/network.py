"""The motion network: its contract, which training shares, and its run frame by frame.

A generator's zip file holds two networks of the same weights, `first.onnx` and `again.onnx`, and
`calibration.json`. The hop is one frame. For a new frame `first` is asked once, at the highest
noise level and for both rows, and also makes the cache of the frame before; `again` is asked for
the other steps, for the conditional row only. Their tensors by name, C as in `Channels`:

| tensor | shape in `first` | what it is |
|---|---|---|
| `history` | (`LEADING` + 1, C) | frames that were given out, the latest last, without mouths |
| `noisy` | (C,) | the residual of the new frame, with noise |
| `level` | (1,) | the noise level |
| `given` | (`ROWS`, 2, 4) | 1 where a condition is known, of the frame before and the new one |
| `conditions` | (`ROWS`, 2, `Conditions.COUNT`) | as well |
| `cached` | (`HISTORY`,) | 1 where the caches hold a frame, the last the latest |
| `keys`, `values` | (`ROWS`, layers, heads, `HISTORY`, size) | the cache of the attention |
| `inner` | (`ROWS`, layers, 1, `CONVOLVED`, width) | the cache of the convolutions |
| → `residual` | (`ROWS`, C) | what the new frame adds to the linear prediction |
| → `frame` | (`ROWS`, C) | the new frame |
| → `key`, `value`, `inner_latest` | | of the frame before, for the caches |

`again` has the conditional row only, conditions of the new frame only, (1, 4) and (1, `COUNT`),
and no outputs for the caches.

The mouths of the history are hidden from the network: it would go on as the mouth did, and not
follow the speech (measured, see docs/design.md).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.face.basis import Basis
from gioconda.generator.calibration import Calibration
from gioconda.generator.diffusion import guided, sample
from gioconda.inference import compiled, read_calibration, read_networks, weights_file
from gioconda.motion import POSE
from gioconda.speech.encoder import Heard

ROWS: Final = 2
CONDITIONAL, UNCONDITIONAL = range(ROWS)
"""Rows of the batch: with speech, and without it for guidance."""
HISTORY: Final = 74  # frames before the new one that the network attends to: 3 s
LEADING: Final = 4  # frames that the linear prediction is made of
CONVOLVED: Final = 6  # frames back that a convolution sees

_WHAT: Final = "a generator"
_CACHES: Final = ("keys", "values", "inner")


class Channels:
    """Where the numbers of a frame of motion lie, in the network's units; C is `count`.

    Attributes:
        pose: as `Motion.pose`, in units of `Calibration.pose_scale`.
        dynamics: coordinates in the basis; of them `gaze`, `upper`, `lower`.
        seen: what the network sees of its history: all but the mouth.
    """

    def __init__(self, basis: Basis) -> None:
        start = len(POSE)
        self.pose = slice(0, start)
        self.gaze, self.upper, self.lower = (
            slice(start + part.start, start + part.stop)
            for part in (basis.gaze, basis.upper, basis.lower)
        )
        self.count = self.lower.stop
        self.dynamics = slice(start, self.count)
        self.seen = slice(0, self.lower.start)


class Conditions:
    """Where the numbers of a frame's conditions lie.

    Attributes:
        SPEECH: `speech_condition`.
        GAZE: yaw and pitch where the eyes are to rest, in units of `Calibration.gaze_scale`.
        AMPLITUDE: logarithm of how much the head moves against people's median.
        BLINKS: 1 while the lids go down, 1 while they go up.
        BY_NAME: all four, in the order of `given`.
    """

    SPEECH: Final = slice(0, 130)
    GAZE: Final = slice(130, 132)
    AMPLITUDE: Final = slice(132, 133)
    BLINKS: Final = slice(133, 135)
    COUNT: Final = 135
    BY_NAME: Final = {"speech": SPEECH, "gaze": GAZE, "amplitude": AMPLITUDE, "blinks": BLINKS}


def speech_condition(encoded: Heard, loudness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Speech features, the certainty of a voice, and loudness in units of 20 dB, (T, 130).

    Args:
        encoded: of `SpeechEncoder`.
        loudness: (T,) in dB, of `Speech`.
    """
    return np.concatenate([encoded.features, encoded.voice[:, None], loudness[:, None] / 20], 1)


@dataclass(frozen=True)
class Network:
    """What is in a generator's file, ready to run."""

    first: ov.CompiledModel
    again: ov.CompiledModel
    calibration: Calibration


@cache
def released_network() -> Network:
    """The network in use: the one that comes with the package, or the user's own."""
    return load_network(weights_file("generator.zip"))


def load_network(model: Path) -> Network:
    """Read a file that `gioconda train generator` wrote.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    networks = read_networks(model, _WHAT, "first.onnx", "again.onnx")
    calibration = read_calibration(model, _WHAT, Calibration)
    first, again = (compiled(one, _WHAT, None) for one in networks)
    return Network(first, again, calibration)


class MotionStream:
    """Motion frame by frame, each out of noise, with the frames before in view.

    Args:
        network: what is asked.
        channels: of motion.
        steps: how often it is asked for a frame.
    """

    def __init__(self, network: Network, channels: Channels, steps: int) -> None:
        self._channels, self._steps = channels, steps
        self._calibration = network.calibration
        self._pose_scale = np.array(network.calibration.pose_scale, np.float32)
        self._first = network.first.create_infer_request()
        self._again = network.again.create_infer_request()
        shapes = {port.any_name: port.shape for port in network.first.inputs}
        self._history = np.zeros(shapes["history"], np.float32)  # before the start the face rests
        self._frame = np.zeros(channels.count, np.float32)
        self._level = np.ones(1, np.float32)
        self._given = np.zeros(shapes["given"], np.float32)
        self._conditions = np.zeros(shapes["conditions"], np.float32)
        self._cached = np.zeros(shapes["cached"], np.float32)
        self._caches = [np.zeros(shapes[name], np.float32) for name in _CACHES]
        self._mouth = np.zeros(0, np.float32)  # as the first step of a frame left it

    def next(
        self,
        noise: NDArray[np.float32],
        speech: NDArray[np.float32],
        gaze: NDArray[np.float32],
        amplitude: np.float32,
        lids: tuple[int, int],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The next frame: pose (6,) as `Motion.pose`, and dynamics (D,).

        Args:
            noise: (C,) normal, of variance 1.
            speech: (130,) of `speech_condition`.
            gaze: (2,) where the eyes are to rest, radians; NaN if they are free.
            amplitude: of the motion, 1 as people do.
            lids: what they do, see `blinks`.
        """
        seen = self._channels.seen
        self._history[:-1] = self._history[1:]
        self._history[-1, seen] = self._frame[seen]
        for values in (self._given, self._conditions):
            values[:, 0] = values[:, 1]
        free = bool(np.isnan(gaze).any())
        self._given[:, 1] = (1, not free, 1, 1)
        self._given[UNCONDITIONAL, :, 0] = 0
        new = self._conditions[:, 1]
        new[:, Conditions.SPEECH] = speech
        new[:, Conditions.GAZE] = 0 if free else gaze / self._calibration.gaze_scale
        new[:, Conditions.AMPLITUDE] = np.log(
            np.clip(amplitude, *self._calibration.amplitude_range)
        )
        new[:, Conditions.BLINKS] = lids
        noise[self._channels.lower] = 0
        sample(self._predict, noise, self._steps)
        pose = self._frame[self._channels.pose] * self._pose_scale
        return pose, self._frame[self._channels.dynamics].copy()

    def _predict(self, x: NDArray[np.float32], level: float) -> NDArray[np.float32]:
        self._level[0] = level
        lower = self._channels.lower
        frame = self._history, x, self._level
        if level == 1:
            inputs = *frame, self._given, self._conditions, self._cached, *self._caches
            residuals, frames, *latest = _ask(self._first, inputs)
            residual = np.array(residuals[CONDITIONAL])
            self._frame[:] = frames[CONDITIONAL]
            # more steps would add what is not in the speech, so the mouth is the first answer
            whole = guided(residual, residuals[UNCONDITIONAL], self._calibration.guidance)
            self._mouth = whole[lower]
            self._keep(latest)
        else:
            row = slice(CONDITIONAL, CONDITIONAL + 1)
            known = self._given[row, 1], self._conditions[row, 1], self._cached
            inputs = *frame, *known, *(one[row] for one in self._caches)
            (residual,), (self._frame[:],) = _ask(self._again, inputs)
            residual = np.array(residual)
        self._frame[lower] = residual[lower] = self._mouth
        return residual

    def _keep(self, latest: list[NDArray[np.float32]]) -> None:
        """Puts the frame before into the caches."""
        for kept, one in zip(self._caches, latest, strict=True):
            kept[..., :-1, :] = kept[..., 1:, :]
            kept[..., -1:, :] = one
        self._cached[:-1] = self._cached[1:]
        self._cached[-1] = 1


def _ask(
    request: ov.InferRequest, inputs: tuple[NDArray[np.float32], ...]
) -> list[NDArray[np.float32]]:
    return list(request.infer(inputs, share_inputs=True).values())
