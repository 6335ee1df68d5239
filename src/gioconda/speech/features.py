"""Speech as the generator hears it: normalised log-mel, loudness and voice activity."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.media import FPS, SAMPLE_RATE
from gioconda.speech.mel import HOP, MELS, LogMel

SAMPLES: Final = SAMPLE_RATE // FPS  # in a frame of video: 640
SPECTRA: Final = SAMPLES // HOP  # in a frame of video: 4
LOOK_AHEAD: Final = 2  # frames of video that the mouth hears ahead: 80 ms
SILENCE: Final = -3.0  # the value of `Speech.mel` where nothing sounds

_SCALE: Final = 20.0  # dB in one unit of `Speech.mel`
_LOUDEST: Final = 1.0
# The level is the peak of the loudness; it sinks slowly so that it follows the speaker.
_LEVEL_START, _LEVEL_LEAST, _LEVEL_FALL = -30.0, -45.0, 3.0  # dB, dB, dB a second
# The noise is the loudness of the pauses; it climbs slowly so that it follows the room.
_NOISE_START, _NOISE_CLIMB = -55.0, 3.0  # dB, dB a second
UNDER_LEVEL: Final = 32.0  # dB: what is so far under the voice's level is no voice,
_OVER_NOISE: Final = 8.0  # nor is what is nearer to the noise


@dataclass(frozen=True)
class Speech:
    """What is heard in T frames of video, 25 a second.

    Attributes:
        mel: (T, 4, 80) log-mel against the level of the voice, in units of 20 dB,
            from `SILENCE` to 1; four spectra, 10 ms apart, in each frame.
        loudness: (T,) power of the frame in dB against the level of the voice, at most about 0.
        voice: (T,) whether anything loud enough to be a voice sounds.

    Raises:
        ValueError: if the shapes do not fit each other.
    """

    mel: NDArray[np.float32]
    loudness: NDArray[np.float32]
    voice: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.mel.ndim != 3 or self.mel.shape[1:] != (SPECTRA, MELS):
            raise ValueError(f"mel must be (T, {SPECTRA}, {MELS}), not {self.mel.shape}")
        frames = (len(self.mel),)
        if self.loudness.shape != frames or self.voice.shape != frames:
            raise ValueError(
                f"loudness and voice must be {frames} like mel, "
                f"are {self.loudness.shape} and {self.voice.shape}"
            )

    def __len__(self) -> int:
        return len(self.mel)


class Listener:
    """Sound in, speech out: pieces of any size give the same as all at once.

    Nothing depends on what comes later: frame t is given as soon as its 640 samples are in.
    """

    def __init__(self) -> None:
        self._mel = LogMel()
        self._waiting = np.empty((0, MELS), np.float32)
        self._partial = 0  # samples that are not yet a whole frame
        self._level = _LEVEL_START
        self._noise = _NOISE_START

    def append(self, pcm: NDArray[np.float32], warp: float = 0.0) -> Speech:
        """The frames that are now whole.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
            warp: semitones by which `mel` hears higher; loudness and voice stay as they are.
        """
        self._partial = (self._partial + len(pcm)) % SAMPLES
        mel = np.concatenate([self._waiting, self._mel.append(pcm, warp)])
        count = len(mel) // SPECTRA
        self._waiting = mel[count * SPECTRA :]
        return self._frames(mel[: count * SPECTRA].reshape(count, SPECTRA, MELS))

    def finish(self) -> Speech:
        """The last frame, if it is not whole yet, filled up with silence."""
        missing = -self._partial % SAMPLES
        return self.append(np.zeros(missing, np.float32))

    def _frames(self, mel: NDArray[np.float32]) -> Speech:
        if len(mel) == 0:
            nothing = np.empty(0, np.float32)
            return Speech(mel, nothing, nothing.astype(bool))
        power = (10 ** (mel / 10)).sum(2)  # (T, 4)
        loudness = (10 * np.log10(power.mean(1))).astype(np.float64)  # (T,)
        fall = _LEVEL_FALL / FPS * np.arange(1, len(mel) + 1)
        heard = np.maximum(loudness, _LEVEL_LEAST) + fall
        heard[0] = max(heard[0], self._level)
        level = np.maximum(np.maximum.accumulate(heard) - fall, _LEVEL_LEAST)
        climb = _NOISE_CLIMB / FPS * np.arange(1, len(mel) + 1)
        quiet = loudness - climb
        quiet[0] = min(quiet[0], self._noise)
        noise = np.minimum.accumulate(quiet) + climb
        self._level, self._noise = float(level[-1]), float(noise[-1])
        relative = (mel - level[:, None, None]) / _SCALE
        return Speech(
            mel=np.clip(relative, SILENCE, _LOUDEST).astype(np.float32),
            loudness=np.maximum(loudness - level, SILENCE * _SCALE).astype(np.float32),
            voice=(loudness > level - UNDER_LEVEL) & (loudness > noise + _OVER_NOISE),
        )


def listen(pcm: NDArray[np.float32]) -> Speech:
    """Speech of a whole recording: ceil(samples / 640) frames.

    Args:
        pcm: (samples,) 16 kHz mono in [-1, 1].
    """
    listener = Listener()
    parts = [listener.append(pcm), listener.finish()]
    return Speech(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("mel", "loudness", "voice")
        )
    )
