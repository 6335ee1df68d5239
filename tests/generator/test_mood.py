"""An emotion that the voice suggests."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS, Controls
from gioconda.errors import GiocondaError
from gioconda.generator import Generator
from gioconda.generator.calibration import Calibration
from gioconda.generator.mood import Mood
from gioconda.motion import Motion
from gioconda.speech import listen

Sound = NDArray[np.float32]
Floats = NDArray[np.floating]
HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


def spoken(height: Callable[[Floats], Floats], rate: float, dip: float) -> Sound:
    """Syllables of a buzz.

    Args:
        height: pitch in octaves over 150 Hz, of the time.
        rate: syllables a second.
        dip: how much fainter it is between them, 0 to 1.
    """
    time = np.arange(8 * 16000) / 16000
    phase = 2 * np.pi * np.cumsum(150 * 2 ** height(time)) / 16000
    buzz = sum(np.sin(k * phase) / k for k in range(1, 15))
    return np.asarray(
        0.1 * buzz * (1 - dip * (0.5 + 0.5 * np.cos(2 * np.pi * rate * time))), np.float32
    )


LIVELY = spoken(lambda t: np.asarray(0.5 * np.sin(2 * np.pi * 0.7 * t)), 6.5, 0.7)
FLAT = spoken(lambda t: np.asarray(0.02 * np.sin(2 * np.pi * 0.3 * t)), 1.5, 0.95)


def moods(pcm: Sound, wanted: bool = True) -> NDArray[np.float32]:
    mood, speech = Mood(Calibration()), listen(pcm)
    return np.stack(
        [
            mood.next(pcm[640 * t : 640 * (t + 1)], float(speech.loudness[t]), True, wanted)
            for t in range(len(pcm) // 640)
        ]
    )


def test_a_lively_voice_is_happy_and_a_flat_one_sad() -> None:
    lively, flat = moods(LIVELY), moods(FLAT)
    assert lively[-1, HAPPY] > 0.1
    assert flat[-1, SAD] > 0.1
    assert not lively[:, SAD].any()
    assert not flat[:, HAPPY].any()


def test_it_is_mild_and_comes_slowly() -> None:
    for found in (moods(LIVELY), moods(FLAT)):
        assert not found[:24].any()
        assert found.max() <= Calibration().mood_most
        assert np.abs(np.diff(found, axis=0)).max() < 0.015


def test_who_does_not_ask_gets_none(voice: Sound) -> None:
    assert not moods(LIVELY, wanted=False).any()
    assert Controls().emotion == {}


def speak(pcm: Sound, size: int, controls: Controls) -> Motion:
    generator = Generator(controls=controls)
    parts = [generator.append(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    return Motion.joined([*parts, generator.finish()])


def test_pieces_give_the_same_mood_to_the_bit(voice: Sound) -> None:
    auto, plain = Controls(emotion="auto"), Controls()
    whole, parts = (speak(voice[:48000], size, auto) for size in (48000, 700))
    np.testing.assert_array_equal(whole.dynamics, parts.dynamics)
    without = speak(voice[:48000], 48000, plain)
    np.testing.assert_array_equal(whole.dynamics[:10], without.dynamics[:10])
    assert np.abs(whole.dynamics - without.dynamics).max() > 0.05


def test_auto_is_a_dial_that_is_turned() -> None:
    assert Controls(emotion="auto").to_dict() == {"emotion": "auto"}
    with pytest.raises(GiocondaError, match="must be auto, or emotions"):
        Controls(emotion="automatic")  # type: ignore[arg-type]
