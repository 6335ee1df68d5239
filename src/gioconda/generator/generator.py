"""Generator: speech in, motion out, frame by frame.

A frame comes out of the motion network (`network.py`) and the lips (`lips.py`) and goes through the
corrections. In a call it is made of what is heard up to the frame before, and the encoder hears two
frames ahead: so a sound moves the face 80 ms after it at the latest. A whole recording goes the
same way, but hears its frame, and can wait for its lips to hear more.
"""

from collections import deque
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import AUTO, Controls, Dials
from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.generator import corrections
from gioconda.generator.blinks import BlinkTimer
from gioconda.generator.corrections import Frame
from gioconda.generator.lips import LATER, Lips
from gioconda.generator.mood import Mood
from gioconda.generator.network import (
    Channels,
    Conditions,
    MotionStream,
    load_network,
    released_network,
    speech_condition,
)
from gioconda.generator.other_voice import OtherVoice
from gioconda.generator.reactions import Calm, Reaction
from gioconda.media.audio import to_int16
from gioconda.motion import Motion
from gioconda.speech import Listener
from gioconda.speech.encoder import RECORDED, Heard, SpeechEncoder
from gioconda.speech.features import SAMPLES, UNDER_LEVEL
from gioconda.speech.frequency_warp import FrequencyWarp


class _Heard(NamedTuple):
    """What is heard in a frame, as in `speech_condition` and `Heard`."""

    speech: NDArray[np.float32]
    loudness: float
    voice: float
    touching: float


_SILENT: Final = -20.0  # dB against the voice's level: no recording is so quiet within a word
_NOTHING: Final = _Heard(np.zeros(Conditions.SPEECH.stop, np.float32), -UNDER_LEVEL, 0.0, 0.0)


class _Spoken(NamedTuple):
    """What the lips make of a frame, and how surely a voice sounds in it, and lips meet."""

    heard: _Heard
    lower: NDArray[np.float32]
    voice: float
    meeting: float


@dataclass(frozen=True)
class GeneratedMotion(Motion):
    """Motion, and what its eyes follow.

    Attributes:
        free: (T,) where neither a dial nor a listener's attention says where the eyes look.
    """

    free: NDArray[np.bool_]


class Generator:
    """Speech in, motion out; frame t needs the sound of frames up to t + 1 + `later`.

    With `later` it also waits, by `gate_lead` frames, to part the lips in time for a voice to come.

    Pieces of any size give the same motion as all at once. Seed and sound decide it together, so
    two voices never share their blinks and nods. `listen` takes the other one's voice, to which the
    face reacts (`reactions.py`) while its own is silent.

    A copy by `pickle` goes on as this one does, in this process or another.

    Args:
        seed: decides, with the sound so far, what speech and dials leave open; 0 or more.
        controls: the dials; by default each rests.
        rest: (2,) where the portrait looks while its dynamics rest, against where the mean face
            does, yaw and pitch in radians: `Portrait.gaze`. The gaze dial is against the camera.
        steps: how often the network is asked for a frame; by default as it was calibrated.
        model: a file that `gioconda train generator` wrote; the released one by default.
        lips: a file that `gioconda train lips` wrote; the released one by default.
        later: frames after the one before its own that a frame is made of, 0 to `LATER`; a call
            has no time for any. With some, `RECORDED` frames are heard in one call.

    Attributes:
        controls: the dials; others may be put in their place at any time, for the frames to come.

    Raises:
        GiocondaError: if seed or `later` is out of range, or a file is missing or is no such model.
    """

    def __init__(
        self,
        seed: int = 0,
        controls: Controls | None = None,
        rest: NDArray[np.float32] | None = None,
        steps: int | None = None,
        model: Path | None = None,
        lips: Path | None = None,
        later: int = 0,
    ) -> None:
        if seed < 0:
            raise GiocondaError(f"seed must be 0 or more, not {seed}")
        if not 0 <= later <= LATER:
            raise GiocondaError(f"later must be from 0 to {LATER} frames, not {later}")
        network = released_network() if model is None else load_network(model)
        basis, calibration = released_basis(), network.calibration
        self.controls = controls or Controls()
        self._basis, self._channels = basis, Channels(basis)
        self._rest = np.zeros(2, np.float32) if rest is None else rest
        self._listener, self._warp = Listener(), FrequencyWarp()
        self._encoder = SpeechEncoder(at_once=RECORDED if later else 1)
        self._waiting = np.empty(0, np.float32)  # sound that is not yet a whole frame
        self._loudness = np.empty(0, np.float32)  # of frames whose features are not certain yet
        self._later = later
        self._pending = deque([_NOTHING])  # the frame before the next one, and frames from that on
        self._spoken: deque[_Spoken] = deque()  # frames whose lips wait for a voice to come
        self._lead = calibration.gate_lead if later else 0
        self._told = calibration.gate_told
        self._seed, self._digest = seed, 0
        self._digests: deque[int] = deque()  # of the sound up to each of these frames
        self._blinks, self._sure = BlinkTimer(calibration), calibration.blink_voice
        self._mood, self._sounds = Mood(calibration), deque[NDArray[np.float32]]()  # as digests
        self._other = OtherVoice(seed, calibration)
        self._calm, self._kept = Calm(calibration), calibration.listen_calm
        self._lips = Lips(calibration, lips)
        self._stream = MotionStream(network, self._channels, steps or calibration.steps)
        self._corrections: tuple[corrections.Correction, ...] = (
            corrections.SilentMouth(basis, calibration),
            corrections.Return(basis, calibration),
            corrections.AmplitudeGain(basis, calibration),
            corrections.AddedEmotion(basis, calibration),
            # after emotions, for lips that these part must meet too
            corrections.LipClosure(basis, calibration),
            corrections.GazeHold(basis, calibration),
            corrections.BlinkClosing(calibration),
            corrections.added_pose,
            corrections.added_distance,
            corrections.raised_brows,
        )
        self._count = 0  # of frames that were given out

    def listen(self, pcm: NDArray[np.float32]) -> None:
        """Sound of the other one, heard with as much of the own sound as is appended from now on.

        Whoever only listens appends silence.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
        """
        self._other.append(pcm)

    def append(self, pcm: NDArray[np.float32]) -> GeneratedMotion:
        """The frames that are now certain.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
        """
        # always taken in frame by frame: sums of other shapes would differ in their last bits
        self._waiting = np.concatenate([self._waiting, pcm.astype(np.float32, copy=False)])
        whole = len(self._waiting) // SAMPLES * SAMPLES
        frames = np.split(self._waiting[:whole], whole // SAMPLES) if whole else []
        self._waiting = self._waiting[whole:]
        return self._motion([made for frame in frames for made in self._listen(frame)])

    def finish(self) -> GeneratedMotion:
        """The frames that are left: ceil(samples / 640) in all, as if silence followed."""
        last = self._listen(np.pad(self._waiting, (0, -len(self._waiting) % SAMPLES)))
        self._other.finish()
        last += self._make(self._encoder.finish())
        while len(self._digests) > len(self._spoken):
            self._speak()
        return self._motion(last + [self._make_frame() for _ in range(len(self._spoken))])

    def _listen(self, pcm: NDArray[np.float32]) -> list[Frame]:
        speech = self._listener.append(pcm, self._warp.semitones)
        for frame in pcm.reshape(-1, SAMPLES):
            self._digest = crc32(to_int16(frame).tobytes(), self._digest)
            self._digests.append(self._digest)
            self._sounds.append(frame)
            self._other.hear()
        self._loudness = np.concatenate([self._loudness, speech.loudness])
        heard = self._encoder.append(speech.mel)
        self._warp.follow(heard)
        return self._make(heard)

    def _make(self, encoded: Heard) -> list[Frame]:
        """The frames that are certain with this encoded speech."""
        loudness, self._loudness = np.split(self._loudness, [len(encoded)])
        speech = speech_condition(encoded, loudness)
        # for a second after a voice the networks go on hearing one in silence
        voice = np.where(loudness > -UNDER_LEVEL, encoded.voice, 0)
        sounds = loudness, voice, encoded.touching
        self._pending += (
            _Heard(row, *map(float, certain)) for row, *certain in zip(speech, *sounds, strict=True)
        )
        while self._later < len(self._pending) and len(self._spoken) + 1 < len(self._digests):
            self._speak()
        return [self._make_frame() for _ in range(len(self._spoken) - self._lead)]

    def _speak(self) -> None:
        """The lips of the next frame."""
        window = np.stack([one.speech for one in islice(self._pending, self._later + 1)])
        before, at = self._pending.popleft(), self._count + len(self._spoken)
        heard = self._pending[0] if self._later else before
        if at == 0 and self._later and heard.loudness < _SILENT:  # it was so before as well
            self._lips.settle(heard.speech)
        dials = self.controls.at(at, at + 1)
        lower, voice, meeting = self._lips.next(window, float(dials.articulation[0]))
        if not self._lead and heard.voice > self._told:
            voice = heard.voice  # the lips are sure later than the encoder
        if heard.loudness <= -UNDER_LEVEL:
            voice = 0.0
        self._spoken.append(_Spoken(heard, lower, voice, meeting))

    def _direct(self, heard: _Heard) -> tuple[Dials, Reaction]:
        """The dials of the next frame, with what the voices make of them."""
        voice = heard.voice > self._sure
        dials = self.controls.at(self._count, self._count + 1)
        wanted = self.controls.emotion == AUTO
        mood = self._mood.next(self._sounds.popleft(), heard.loudness, voice, wanted)
        if mood.any():
            dials = replace(dials, emotion=np.maximum(dials.emotion, mood))
        reaction = self._other.next(voice)
        calm = max(self._calm.next(voice), reaction.attention)
        if calm:
            kept = np.float32(1 - (1 - self._kept) * calm)
            dials = replace(dials, amplitude=dials.amplitude * kept)
        return reaction.directed(dials), reaction

    def _make_frame(self) -> Frame:
        """The next frame."""
        sure = max(one.voice for one in islice(self._spoken, self._lead + 1))
        heard, lower, _, meeting = self._spoken.popleft()
        dials, reaction = self._direct(heard)
        gaze = dials.gaze[0] - self._rest - dials.pose[0, :2]
        chance = np.random.default_rng((self._seed, self._digests.popleft()))
        noise = chance.standard_normal(self._channels.count, np.float32)
        lids = self._blinks.next(float(dials.blinks[0]), chance, heard.voice > self._sure)
        pose, upper = self._stream.next(noise, heard.speech, gaze, dials.amplitude[0], lids)
        dynamics = np.zeros(sum(self._basis.parts), np.float32)
        dynamics[: len(upper)] = upper
        dynamics[self._basis.lower] = lower
        frame = Frame(
            pose,
            dynamics,
            voice=sure,
            loudness=heard.loudness,
            meeting=meeting,
            meeting_next=self._meeting_next(),
            touching=heard.touching,
            gaze=gaze,
            lids=self._blinks.closed,
            brows=reaction.brows,
            dials=dials,
        )
        for correct in self._corrections:
            correct(frame)
        self._count += 1
        return frame

    def _meeting_next(self) -> float:
        """As in `Frame`; after the last frame of a recording lips are free."""
        if not self._later:
            return 1.0
        return self._spoken[0].meeting if self._spoken else 0.0

    def _motion(self, frames: list[Frame]) -> GeneratedMotion:
        pose = np.empty((len(frames), self._channels.pose.stop), np.float32)
        dynamics = np.empty((len(frames), sum(self._basis.parts)), np.float32)
        for i, frame in enumerate(frames):
            pose[i], dynamics[i] = frame.pose, frame.dynamics
        free = [bool(np.isnan(frame.dials.gaze).any()) for frame in frames]
        return GeneratedMotion(pose, dynamics, self._basis.name, np.array(free, bool))
