"""Windows: motion frame by frame, each out of noise, what was shown before it in view.

The hop is one frame. What the network made of the frames before is kept, so a frame costs the
network the one shown last and the new one in the first step, and the new one alone in the others.
With `LOOK_AHEAD` frames that speech hears ahead, a sound moves the face 120 ms after it at the
latest. A whole recording goes through the same windows as a live one.

The mouth that was shown before is hidden from the network: it would go on as it was, not as the
speech says (measured, see docs/design.md). What the dials say goes into the network, which
learned them from clips; besides, distance, pose offset and emotion are added to what it gives,
and a mouth without a voice is shut.
"""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.controls import Controls
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.face.lids import shutting
from gioconda.generator.bank import lid_gap
from gioconda.generator.closing import Closing
from gioconda.generator.diffusion import STEPS, guided, sample
from gioconda.generator.emotions import offset
from gioconda.inference import compiled, read_networks
from gioconda.media import FPS
from gioconda.motion import Motion
from gioconda.speech import Listener
from gioconda.speech.encoder import Heard, SpeechEncoder
from gioconda.speech.features import SAMPLES

ROWS: Final = 2  # streams that the network sees at once: one hears, one is deaf
HISTORY: Final = 74  # frames shown before that the network sees
POSE_SCALE: Final = np.array([0.1, 0.055, 0.05, 0.1, 0.065, 0.017], np.float32)
"""What one unit of the network's pose is, as `Motion.pose`: about a standard deviation."""
GUIDANCE: Final = 1.2
"""How much more than learned the mouth follows the speech."""
HEARD: Final = 0.8
"""How much of the mouth is as the speech encoder tells it; the rest is the network's."""
AHEAD: Final = 0.3
"""How much of its last step the mouth goes on: what was learned is a mean, slower and later."""
SHUT: Final = 0.5
"""How much the lids come down in a blink besides what the network gives, which is about half."""
FOLLOW: Final = 1.1
"""How much of a blink the lids come down for a radian that the eyes are told to look down.

That is about 0.7 of the iris' way, so that the lid keeps its place on the iris; without it, eyes
that look up or down are half hidden.
"""
RETURN: Final = 0.04
"""How much of the way back a head that has come nearer or gone farther has made after a frame.

So its distance in the mean is the dial's.
"""
GAIN: Final = 1.52
"""An explicit gain on head motion, so that at amplitude 1 heads move as fast as real ones.

The network gives 0.28 degrees a frame, real heads 0.43, and the learned amplitude changes little;
head motion is also multiplied by the amplitude itself, and so are brows.
"""
GAZE_SCALE: Final = 0.12  # radians in one unit of the network's gaze

_RELEASED: Final = "generator.zip"
_KEPT: Final = ("keys", "values", "inner")  # of the network, frame by frame
_DIALS: Final = ("speech", "gaze", "amplitude", "blinking")
# The mouth opens for a voice at once, holds through a short pause, then shuts.
_RISE, _FALL, _HOLD = 1 / 2, 1 / 6, 6  # of the way a frame, of the way a frame, frames
_SURE: Final = 0.5  # of a voice
# Blinks of the training clips: how often, and how many frames the lids go down and up.
_BLINKS: Final = 25.0  # a minute
_SOONEST: Final = 8  # frames from one blink to the next
_DOWN: Final = ((1, 2, 3), (0.23, 0.66, 0.11))  # frames, and how often
_UP: Final = ((2, 3, 4, 5), (0.25, 0.5, 0.2, 0.05))
_HELD: Final = 0.8  # of what the eyes are off in a frame goes into the mean
_AMPLITUDES: Final = (0.4, 1.8)  # what clips taught


def hearing(heard: Heard, loudness: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network is told of speech, (T, 130).

    Args:
        heard: of `SpeechEncoder`.
        loudness: (T,) in dB, of `Speech`.
    """
    return np.concatenate([heard.features, heard.voice[:, None], loudness[:, None] / 20], 1)


class Generator:
    """Speech in, motion out; frame t needs the sound of frames up to t + 2.

    Pieces of any size give the same motion as all at once; the seed decides it.

    Args:
        seed: decides what speech and dials leave open; 0 or more.
        controls: the dials; by default each rests.
        rest: (2,) where the portrait looks while its dynamics rest, against where the mean face
            does, yaw and pitch in radians: `Portrait.gaze`. Gaze is told against the camera.
        steps: how often the network is asked for a frame.
        model: a file that `gioconda train generator` wrote; the released one by default.

    Attributes:
        controls: the dials; others may be put in their place at any time, for the frames to come.

    Raises:
        GiocondaError: if the seed is out of range, or the file is missing or is no such model.
    """

    def __init__(
        self,
        seed: int = 0,
        controls: Controls | None = None,
        rest: NDArray[np.float32] | None = None,
        steps: int = STEPS,
        model: Path | None = None,
    ) -> None:
        if seed < 0:
            raise GiocondaError(f"seed must be 0 or more, is {seed}")
        self._basis = released_basis()
        self.controls = controls or Controls()
        self._rest = np.zeros(2, np.float32) if rest is None else rest
        self._steps = steps
        self._listener, self._encoder = Listener(), SpeechEncoder()
        self._waiting = np.empty(0, np.float32)  # sound that is not yet a whole frame
        self._loudness = np.empty(0, np.float32)  # of frames whose features are not certain yet
        self._mouth, self._closing = _Mouth(), Closing(self._basis)
        self._noise, chance = np.random.default_rng(seed).spawn(2)
        self._lids, self._eyes = _Lids(chance), _Eyes(self._basis)
        lid = lid_gap(np.eye(self._basis.parts[1]), self._basis) - 1
        self._lid = (lid / np.linalg.norm(lid)).astype(np.float32)  # (upper,) opens the eyes
        self._window = _Window(self._basis, model)
        self._near = 0.0  # by how much, log, the head would be nearer than told
        self._frame = 0

    def append(self, pcm: NDArray[np.float32]) -> Motion:
        """The frames that are now certain.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
        """
        # always taken in frame by frame: sums of other shapes would differ in their last bits
        self._waiting = np.concatenate([self._waiting, pcm.astype(np.float32, copy=False)])
        whole = len(self._waiting) // SAMPLES * SAMPLES
        frames = np.split(self._waiting[:whole], whole // SAMPLES) if whole else []
        self._waiting = self._waiting[whole:]
        return _joined([self._nothing(), *(self._heard(frame) for frame in frames)])

    def finish(self) -> Motion:
        """The frames that are left: ceil(samples / 640) in all, as if silence followed."""
        last = self._heard(np.pad(self._waiting, (0, -len(self._waiting) % SAMPLES)))
        return _joined([last, self._motion(self._encoder.finish())])

    def _heard(self, pcm: NDArray[np.float32]) -> Motion:
        speech = self._listener.append(pcm)
        self._loudness = np.concatenate([self._loudness, speech.loudness])
        return self._motion(self._encoder.append(speech.mel))

    def _nothing(self) -> Motion:
        size = sum(self._basis.parts)
        empty = np.empty((0, 6), np.float32), np.empty((0, size), np.float32)
        return Motion(*empty, self._basis.name)

    def _motion(self, heard: Heard) -> Motion:
        count = len(heard)
        speech = hearing(heard, self._loudness[:count])
        self._loudness = self._loudness[count:]
        dials = self.controls.at(self._frame, self._frame + count)
        # the eyes are told against those of the portrait at rest
        gaze = dials.gaze - self._rest - dials.pose[:, :2]
        told = np.log(np.clip(dials.amplitude, *_AMPLITUDES))
        pose = np.empty((count, 6), np.float32)
        dynamics = np.empty((count, sum(self._basis.parts)), np.float32)
        for i in range(count):
            lids = self._lids.next(float(dials.blinks[i]))
            self._window.turn(speech[i], gaze[i], float(told[i]), lids)
            noise = self._noise.standard_normal(self._window.channels, np.float32)
            follows = self._mouth.next(float(heard.voice[i]))
            self._window.show(noise, self._steps, heard.mouth[i], follows)
            pose[i], dynamics[i] = self._window.shown()
            said = follows * float(heard.closing[i]), follows * float(heard.touching[i])
            self._closing.next(*said, dynamics[i, self._basis.lower])
            self._near += RETURN * (float(pose[i, 5]) - self._near)
            pose[i, 5] -= self._near
            pose[i] *= GAIN * dials.amplitude[i]
            brows = dynamics[i, self._basis.upper]
            brows += (dials.amplitude[i] - 1) * (brows - brows @ self._lid * self._lid)
            self._eyes.hold(gaze[i], pose[i, :2], dynamics[i])
            dynamics[i] += SHUT * self._lids.closed * _shut()
        self._frame += count
        pose += dials.pose
        pose[:, 5] -= np.log(dials.distance)
        return Motion(pose, dynamics + offset(dials.emotion), self._basis.name)


class _Window:
    """The frames shown last, the new one, and what the network made of those before."""

    def __init__(self, basis: Basis, model: Path | None) -> None:
        networks = _released() if model is None else _compiled(model)
        self._first, self._again = (network.create_infer_request() for network in networks)
        self.channels = 6 + sum(basis.parts)
        self._lower = slice(6 + basis.lower.start, self.channels)
        shapes = {port.any_name: port.shape for port in networks[0].inputs}
        self._new = np.zeros(self.channels, np.float32)
        self._past = np.zeros(shapes["past"], np.float32)  # before the first frame the face rests
        self._level = np.ones(1, np.float32)
        self._told = np.zeros(shapes["told"], np.float32)
        self._dials = np.zeros(shapes["dials"], np.float32)
        self._seen = np.zeros(shapes["seen"], np.float32)
        self._kept = [np.zeros(shapes[name], np.float32) for name in _KEPT]
        self._mouth = np.zeros(basis.parts[2], np.float32)
        self._said: NDArray[np.float32] | None = None  # the mouth of the frame before

    def turn(
        self,
        heard: NDArray[np.float32],
        gaze: NDArray[np.float32],
        amplitude: float,
        lids: tuple[int, int],
    ) -> None:
        """Go on by a frame and tell the network what the new one is about."""
        self._past[:-1] = self._past[1:]
        self._past[-1, : self._lower.start] = self._new[: self._lower.start]
        for values in (self._told, self._dials):
            values[:, 0] = values[:, 1]
        free = bool(np.isnan(gaze).any())
        self._told[:, 1] = (1, not free, 1, 1)
        self._told[1, :, 0] = 0
        self._dials[:, 1, :130] = heard
        self._dials[:, 1, 130:132] = 0 if free else gaze / GAZE_SCALE
        self._dials[:, 1, 132] = amplitude
        self._dials[:, 1, 133:] = lids

    def show(
        self, noise: NDArray[np.float32], steps: int, mouth: NDArray[np.float32], follows: float
    ) -> None:
        """Make the new frame out of noise.

        Args:
            noise: (C,).
            steps: how often the network is asked.
            mouth: what the speech encoder takes it to do.
            follows: how far the mouth follows what is said, 0 to 1.
        """
        noise[self._lower] = 0
        sample(self._predict, noise, steps)
        said = self._new[self._lower] + HEARD * (mouth - self._new[self._lower])
        step = 0 if self._said is None else said - self._said
        self._said = said
        self._new[self._lower] = follows * (said + AHEAD * step)

    def shown(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pose (6,) and dynamics (D,) of the new frame."""
        return self._new[:6] * POSE_SCALE, self._new[6:]

    def _predict(self, x: NDArray[np.float32], level: float) -> NDArray[np.float32]:
        self._level[0] = level
        frame = self._past, x, self._level
        if level == 1:
            inputs = *frame, self._told, self._dials, self._seen, *self._kept
            (told, deaf), (self._new[:], _), *latest = self._answer(self._first, inputs)
            news = np.array(told)
            # more steps would put in what nobody said
            self._mouth = guided(told, [deaf], [GUIDANCE])[self._lower]
            self._keep(latest)
        else:
            kept = (one[:1] for one in self._kept)  # by the one that hears
            inputs = *frame, self._told[:1, 1], self._dials[:1, 1], self._seen, *kept
            (told,), (self._new[:],) = self._answer(self._again, inputs)
            news = np.array(told)
        self._new[self._lower] = news[self._lower] = self._mouth
        return news

    def _keep(self, latest: list[NDArray[np.float32]]) -> None:
        """Go on by what the network made of the frame before."""
        for kept, one in zip(self._kept, latest, strict=True):
            kept[..., :-1, :] = kept[..., 1:, :]
            kept[..., -1:, :] = one
        self._seen[:-1] = self._seen[1:]
        self._seen[-1] = 1

    @staticmethod
    def _answer(
        request: ov.InferRequest, inputs: tuple[NDArray[np.float32], ...]
    ) -> list[NDArray[np.float32]]:
        return list(request.infer(inputs, share_inputs=True).values())


class _Mouth:
    """How far the mouth may move, 0 to 1: shut where no voice sounds."""

    def __init__(self) -> None:
        self._open: float | None = None  # before the first frame
        self._pause = _HOLD

    def next(self, voice: float) -> float:
        self._pause = 0 if voice > _SURE else self._pause + 1
        if self._open is None:  # a sound that begins in the middle of a word does so at once
            self._open = float(self._pause == 0)
        elif self._pause < _HOLD:
            self._open += (1 - self._open) * _RISE
        else:
            self._open -= self._open * _FALL
        return self._open


class _Eyes:
    """Brings the eyes to where they are told to rest.

    The network learned to turn head and eyes there, but goes half of the way, and the eyes do
    not make up for all that the head does. What a mean over a few frames is off is added.
    """

    def __init__(self, basis: Basis) -> None:
        self._part, count = basis.gaze, sum(basis.parts)
        ends = np.eye(count, dtype=np.float32)[basis.gaze]
        # irises move by the sines of the angles
        there, back = (
            np.sin(measure.gaze(basis.rebuild(side * ends, basis.mean), basis.mean))
            for side in (1, -1)
        )
        self._turns = (there - back) / 2  # (G, 2) for each number
        self._ahead = ((there + back) / 2).mean(0)  # (2,) where they look at rest
        self._numbers = np.linalg.pinv(self._turns)  # (2, G)
        self._mean: NDArray[np.floating] | None = None

    def hold(
        self,
        gaze: NDArray[np.float32],
        head: NDArray[np.float32],
        dynamics: NDArray[np.float32],
    ) -> None:
        """Turn the eyes of one frame.

        Args:
            gaze: (2,) where they are to rest, radians; nan if they are free.
            head: (2,) its yaw and pitch.
            dynamics: (D,) of the frame, changed in place.
        """
        sines = np.clip(dynamics[self._part] @ self._turns + self._ahead, -1, 1)
        eyes = np.arcsin(sines)
        seen = eyes + head
        self._mean = seen if self._mean is None else self._mean + _HELD * (seen - self._mean)
        if not np.isnan(gaze).any():
            missing = gaze - self._mean
            dynamics[self._part] += (np.sin(eyes + missing) - sines) @ self._numbers
            dynamics += following_lids(float(missing[1]))


class _Lids:
    """When the lids come down and go up again, frame by frame."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        self.closed = 0.0  # how far they are, 0 to 1
        self._left: list[float] = []  # the frames of a blink that are to come
        self._since = 0

    def next(self, ratio: float) -> tuple[int, int]:
        """Whether they come down and whether they go up in this frame.

        Args:
            ratio: how often, against the natural rate.
        """
        if not self._left:
            self._since += 1
            wait = 60 * FPS / _BLINKS - _SOONEST
            drawn = self._chance.random()
            if self._since <= _SOONEST or drawn >= ratio / wait:
                return 0, 0
            self._since = 0
            down, up = (int(self._chance.choice(frames, p=often)) for frames, often in (_DOWN, _UP))
            self._left = [*np.linspace(0, 1, down + 1)[1:], *np.linspace(1, 0, up + 1)[1:]]
        before, self.closed = self.closed, float(self._left.pop(0))
        return (1, 0) if self.closed > before else (0, 1)


def following_lids(pitch: float) -> NDArray[np.float32]:
    """Dynamics (D,) of lids that go with eyes turned up by some radians."""
    return -FOLLOW * pitch * _shut()


@cache
def _shut() -> NDArray[np.float32]:
    return shutting(released_basis())


def _joined(parts: list[Motion]) -> Motion:
    pose, dynamics = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("pose", "dynamics")
    )
    return Motion(pose, dynamics, parts[0].basis)


@cache
def _released() -> list[ov.CompiledModel]:
    file = resources.files("gioconda") / "weights" / _RELEASED
    with resources.as_file(file) as path:
        return _compiled(path)


def _compiled(model: Path) -> list[ov.CompiledModel]:
    """What is asked first for a frame, and what is asked again."""
    found = read_networks(model, "a generator", "first.onnx", "again.onnx")
    return [compiled(one, "a generator", None) for one in found]
