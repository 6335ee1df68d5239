"""The motion network: its contract, which training shares, and its run frame by frame.

A generator's zip file holds two networks of the same weights, `first.onnx` and `again.onnx`, and
`calibration.json`. They make the motion of head, eyes and brows; the mouth is `lips.py`'s. The hop
is one frame. For a new frame `first` is asked once, at the highest noise level, and also makes the
cache of the frame before; `again` is asked for the other steps. Their tensors by name, C as in
`Channels`:

| tensor | shape in `first` | what it is |
|---|---|---|
| `history` | (`LEADING` + 1, C) | frames that were given out, the latest last |
| `noisy` | (C,) | the residual of the new frame, with noise |
| `level` | (1,) | the noise level |
| `given` | (2, 4) | 1 where a condition is known, of the frame before and the new one |
| `conditions` | (2, `Conditions.COUNT`) | as well |
| `cached` | (`HISTORY`,) | 1 where the caches hold a frame, the last the latest |
| `keys`, `values` | (layers, heads, `HISTORY`, size) | the cache of the attention |
| `inner` | (layers, 1, `CONVOLVED`, width) | the cache of the convolutions |
| → `residual` | (C,) | what the new frame adds to the linear prediction, in `scale` |
| → `expected`, `scale` | (C,) | the linear prediction, and how far a frame usually is from it |
| → `key`, `value`, `inner_latest` | | of the frame before, for the caches |

`again` has conditions of the new frame only, (4,) and (`COUNT`,), no `history`, and `residual` as
its only output.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.face.basis import Basis
from gioconda.generator.calibration import Calibration
from gioconda.generator.diffusion import sample
from gioconda.inference import (
    Request,
    kept_compiled,
    read_calibration,
    read_networks,
    weights_file,
)
from gioconda.motion import POSE
from gioconda.once import once
from gioconda.speech.encoder import FEATURES, Heard

HISTORY: Final = 74  # frames before the new one that the network attends to: 3 s
LEADING: Final = 4  # frames that the linear prediction is made of
CONVOLVED: Final = 6  # frames back that a convolution sees

_WHAT: Final = "a generator"
CACHES: Final = ("keys", "values", "inner")


class Channels:
    """Where the numbers of a frame of motion lie, in the network's units; C is `count`.

    Attributes:
        pose: as `Motion.pose`, in units of `Calibration.pose_scale`.
        dynamics: coordinates in the basis, `gaze` and `upper`.
    """

    def __init__(self, basis: Basis) -> None:
        start = len(POSE)
        self.pose = slice(0, start)
        self.gaze, self.upper = (
            slice(start + part.start, start + part.stop) for part in (basis.gaze, basis.upper)
        )
        self.count = self.upper.stop
        self.dynamics = slice(start, self.count)


class Conditions:
    """Where the numbers of a frame's conditions lie.

    Attributes:
        SPEECH: `speech_condition`.
        GAZE: yaw and pitch where the eyes are to rest, in units of `Calibration.gaze_scale`.
        AMPLITUDE: logarithm of how much the head moves against people's median.
        BLINKS: 1 while the lids go down, 1 while they go up.
        BY_NAME: all of them, in the order of `given`.
    """

    SPEECH: Final = slice(0, FEATURES + 2)
    GAZE: Final = slice(SPEECH.stop, SPEECH.stop + 2)
    AMPLITUDE: Final = slice(GAZE.stop, GAZE.stop + 1)
    BLINKS: Final = slice(AMPLITUDE.stop, AMPLITUDE.stop + 2)
    COUNT: Final = BLINKS.stop
    BY_NAME: Final = {"speech": SPEECH, "gaze": GAZE, "amplitude": AMPLITUDE, "blinks": BLINKS}


def speech_condition(encoded: Heard, loudness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Speech features, the certainty of a voice, and loudness in units of 20 dB, (T, 258).

    Args:
        encoded: of `SpeechEncoder`.
        loudness: (T,) in dB, of `Speech`.
    """
    return np.concatenate([encoded.features, encoded.voice[:, None], loudness[:, None] / 20], 1)


@dataclass(frozen=True)
class Network:
    """What is in a generator's file, ready to run."""

    file: Path
    first: ov.CompiledModel
    again: ov.CompiledModel
    calibration: Calibration

    def __reduce__(self) -> tuple[Callable[[Path], "Network"], tuple[Path]]:
        return network_of_file, (self.file,)


def network_of_file(file: Path) -> Network:
    """The network in use where it is this file's, else as `load_network`."""
    return released_network() if file == weights_file("generator.zip") else load_network(file)


@once
def released_network() -> Network:
    """The network in use: the one that comes with the package, or the user's own."""
    return load_network(weights_file("generator.zip"))


def load_network(model: Path) -> Network:
    """Read a file that `gioconda train generator` wrote.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    first, again = (_step(model, name) for name in ("first.onnx", "again.onnx"))
    return Network(model, first, again, read_calibration(model, _WHAT, Calibration))


def _step(model: Path, name: str) -> ov.CompiledModel:
    def read() -> ov.Model:
        return read_networks(model, _WHAT, name)[0]

    return kept_compiled(model, name, _WHAT, read, None)


class MotionStream:
    """Motion frame by frame, each out of noise, with the frames before in view.

    Args:
        network: what is asked.
        channels: of motion.
        steps: how often it is asked for a frame.
    """

    def __init__(self, network: Network, channels: Channels, steps: int) -> None:
        self._channels, self._steps, self._network = channels, steps, network
        self._calibration = network.calibration
        self._pose_scale = np.array(network.calibration.pose_scale, np.float32)
        self._frame = np.zeros(channels.count, np.float32)
        self._expected, self._scale = self._frame, self._frame
        self._heard = self._frame  # what the sound changes in the prediction of the new frame
        self._first = Request(network.first)
        given = self._first.inputs  # of both steps: before the start the face rests
        self._history, self._level, self._cached = (
            given[name] for name in ("history", "level", "cached")
        )
        self._noisy, self._given, self._conditions = (
            given[name] for name in ("noisy", "given", "conditions")
        )
        self._caches = [given[name] for name in CACHES]
        new = {"given": self._given[1], "conditions": self._conditions[1]}
        self._again = Request(network.again, given | new)

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"frame": self._frame, **self._first.inputs}
        return MotionStream, (self._network, self._channels, self._steps), state

    def __setstate__(self, state: dict[str, NDArray[np.float32]]) -> None:
        self._frame = state.pop("frame")
        for name, values in state.items():
            self._first.inputs[name][...] = values

    def next(
        self,
        noise: NDArray[np.float32],
        speech: NDArray[np.float32],
        gaze: NDArray[np.float32],
        amplitude: np.float32,
        lids: tuple[int, int],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The next frame: pose (6,) as `Motion.pose`, and the dynamics but for the lower face.

        Args:
            noise: (C,) normal, of variance 1.
            speech: (258,) of `speech_condition`.
            gaze: (2,) where the eyes are to rest, radians; NaN if they are free.
            amplitude: the dial.
            lids: what they do, see `blinks`.
        """
        self._history[:-1] = self._history[1:]
        self._history[-1] = self._frame
        for values in (self._given, self._conditions):
            values[0] = values[1]
        free = bool(np.isnan(gaze).any())
        self._given[1] = (1, not free, 1, 1)
        new = self._conditions[1]
        new[Conditions.SPEECH] = speech
        new[Conditions.GAZE] = 0 if free else gaze / self._calibration.gaze_scale
        wanted = amplitude * self._calibration.amplitude
        new[Conditions.AMPLITUDE] = np.log(np.clip(wanted, *self._calibration.amplitude_range))
        new[Conditions.BLINKS] = lids
        residual = sample(self._predict, noise, self._steps)
        self._frame = self._expected + self._scale * residual
        pose = self._frame[self._channels.pose] * self._pose_scale
        return pose, self._frame[self._channels.dynamics]

    def _predict(self, x: NDArray[np.float32], level: float) -> NDArray[np.float32]:
        self._noisy[:] = x
        self._level[0] = level
        more = np.float32(level * (self._calibration.guidance - 1))
        if self._level[0] == 1:  # rounded: the angle of some numbers of steps is not to the bit
            first, expected, scale, *latest = self._first()
            residual = np.array(first)
            self._expected, self._scale = np.array(expected), np.array(scale)
            self._keep(latest)
            self._heard = residual - self._deaf()
        else:
            residual = np.array(self._again()[0])
        return np.asarray(residual + more * self._heard)

    def _deaf(self) -> NDArray[np.float32]:
        """What the network would predict of the new frame if it did not hear it."""
        given, speech = self._given[1, :1], self._conditions[1, Conditions.SPEECH]
        known = given.copy(), speech.copy()
        given[:], speech[:] = 0, 0
        residual = np.array(self._again()[0])
        given[:], speech[:] = known
        return residual

    def _keep(self, latest: list[NDArray[np.float32]]) -> None:
        """Puts the frame before into the caches."""
        for kept, one in zip(self._caches, latest, strict=True):
            kept[..., :-1, :] = kept[..., 1:, :]
            kept[..., -1:, :] = one
        self._cached[:-1] = self._cached[1:]
        self._cached[-1] = 1
