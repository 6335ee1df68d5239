import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.voices import pitched
from gioconda.generator.generator import Generator
from gioconda.speech import Listener, listen
from gioconda.speech.encoder import FEATURES, Heard, SpeechEncoder
from gioconda.speech.features import SAMPLES
from gioconda.speech.frequency_warp import FrequencyWarp
from gioconda.speech.mel import mel_filters


def heard(shift: float, frames: int = 1, voice: float = 1.0) -> Heard:
    none = np.zeros(frames, np.float32)
    features = np.zeros((frames, FEATURES), np.float32)
    return Heard(features, np.full_like(none, voice), none, none, np.full_like(none, shift))


def semitones(pcm: NDArray[np.float32]) -> float:
    """By which the bands lie higher at the end."""
    listener, encoder, warp = Listener(), SpeechEncoder(), FrequencyWarp()
    for frame in np.split(pcm, len(pcm) // SAMPLES):
        warp.follow(encoder.append(listener.append(frame, warp.semitones).mel))
    return warp.semitones


@pytest.mark.parametrize("warp", [-7.0, -2.5, 0.0, 4.0, 7.0])
def test_bands_share_all_power_wherever_they_lie(warp: float) -> None:
    shares = mel_filters(warp).sum(1)
    assert shares[12:-40] == pytest.approx(1, abs=0.02)  # from 375 Hz to where the last band falls


def test_warped_bands_hear_a_higher_voice_as_unwarped_ones_hear_it(
    voice: NDArray[np.float32],
) -> None:
    pcm = voice[:64000]
    higher = pitched(pcm.astype(np.float64), 5).astype(np.float32)
    plain = listen(pcm).mel.reshape(-1, 80).mean(0)
    moved, followed = (
        Listener().append(higher, warp).mel.reshape(-1, 80).mean(0) for warp in (0.0, 5.0)
    )
    known = slice(0, 60)  # under what was lost of the voice
    assert np.abs(followed - plain)[known].mean() < 0.6 * np.abs(moved - plain)[known].mean()


def test_a_voice_far_from_most_is_followed_part_of_the_way() -> None:
    warp = FrequencyWarp()
    for _ in range(500):  # five semitones, of which the bands take their part
        warp.follow(heard(5 - warp.semitones))
    assert 3.5 <= warp.semitones < 5


def test_what_people_differ_by_is_left_alone() -> None:
    warp = FrequencyWarp()
    for _ in range(500):
        warp.follow(heard(1 - warp.semitones))
    assert abs(warp.semitones) < 0.5


def test_silence_and_music_say_nothing() -> None:
    warp = FrequencyWarp()
    warp.follow(heard(6.0, 300, voice=0.3))
    assert warp.semitones == 0


def test_the_bands_follow_the_example_voice_up_and_down(voice: NDArray[np.float32]) -> None:
    pcm = voice[: len(voice) // SAMPLES * SAMPLES]

    def moved(by: float) -> float:
        sound = pitched(pcm.astype(np.float64), by).astype(np.float32)
        return semitones(sound[: len(sound) // SAMPLES * SAMPLES])

    assert moved(6) > semitones(pcm) + 1 > moved(-6) + 2


def test_lips_follow_a_higher_voice_as_the_voice_itself(
    voice: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the same generator that does not move its bands."""
    higher = pitched(voice[:160000].astype(np.float64), 6).astype(np.float32)

    def opening(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        generator = Generator()
        dynamics = np.concatenate([generator.append(pcm).dynamics, generator.finish().dynamics])
        return np.asarray(dynamics[:240, generator._basis.lower])

    wanted, followed = opening(voice[:160000]), opening(higher)
    monkeypatch.setattr(FrequencyWarp, "follow", lambda self, heard: None)
    unmoved = opening(higher)
    assert np.abs(followed - wanted).mean() < np.abs(unmoved - wanted).mean()
