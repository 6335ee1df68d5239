"""What a face does while the other one speaks."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda import Controls
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator import Generator
from gioconda.generator.calibration import Calibration
from gioconda.generator.reactions import Calm, Laughter, PhraseEnds, Reaction, Reactions
from gioconda.motion import Motion
from gioconda.speech import listen as hear

Sound = NDArray[np.float32]
SILENT = np.full((4, 80), -3, np.float32)


def phrases(voice: Sound) -> Sound:
    """Two phrases, a second of silence after each."""
    pause = np.zeros(16000, np.float32)
    return np.concatenate([voice[:32000], pause, voice[32000:64000], pause])


def listen(
    other: Sound, own: Sound | None = None, size: int | None = None, seed: int = 0
) -> Motion:
    generator = Generator(seed)
    own = np.zeros_like(other) if own is None else own
    parts = []
    for at in range(0, len(own), size or len(own)):
        piece = slice(at, at + (size or len(own)))
        generator.listen(other[piece])
        parts.append(generator.append(own[piece]))
    return Motion.joined([*parts, generator.finish()])


def lips(motion: Motion) -> NDArray[np.float64]:
    basis = released_basis()
    return measure.mouth_opening(basis.rebuild(motion.dynamics, basis.mean))


def test_a_listener_s_lips_stay_shut(voice: Sound) -> None:
    rest = measure.mouth_opening(released_basis().mean[None])
    assert np.abs(lips(listen(phrases(voice))) - rest).max() < 1e-3


def test_a_listener_looks_at_the_viewer(voice: Sound) -> None:
    basis = released_basis()
    motion = listen(phrases(voice))
    looks = measure.gaze(basis.rebuild(motion.dynamics, basis.mean), basis.mean)
    looks = np.degrees(looks + motion.pose[:, :2])[12:]
    assert np.linalg.norm(looks, axis=1).mean() < 5


def test_pieces_of_both_sounds_give_the_same_to_the_bit(voice: Sound) -> None:
    other, own = phrases(voice), np.zeros(len(phrases(voice)), np.float32)
    own[40000:60000] = voice[:20000]
    whole = listen(other, own)
    for size in (500, 7000):
        parts = listen(other, own, size)
        np.testing.assert_array_equal(whole.pose, parts.pose)
        np.testing.assert_array_equal(whole.dynamics, parts.dynamics)


def test_silence_of_the_other_one_changes_nothing(voice: Sound) -> None:
    alone, beside = (
        listen(voice[:0], voice[:24000]),
        listen(np.zeros(24000, np.float32), voice[:24000]),
    )
    np.testing.assert_array_equal(alone.pose, beside.pose)
    np.testing.assert_array_equal(alone.dynamics, beside.dynamics)


def test_who_speaks_does_not_listen(voice: Sound) -> None:
    """The other's voice starts in the midst of the own one."""
    own, other = voice[:48000], np.concatenate([np.zeros(16000, np.float32), voice[64000:96000]])
    np.testing.assert_array_equal(listen(other, own).dynamics, listen(other[:0], own).dynamics)


def test_another_seed_reacts_otherwise(voice: Sound) -> None:
    one, same, other = (listen(phrases(voice), seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.pose, same.pose)
    assert np.abs(one.pose - other.pose).max() > 0.01


def react(voices: list[bool], seed: int = 0, speaking: bool = False) -> list[Reaction]:
    reactions, chance = Reactions(Calibration()), np.random.default_rng(seed)
    return [reactions.next(voice, SILENT, speaking, chance) for voice in voices]


PHRASE = [True] * 30 + [False] * 60


def test_the_head_nods_after_a_phrase_and_not_in_it() -> None:
    found = np.array([[reaction.nod for reaction in react(PHRASE, seed)] for seed in range(20)])
    assert not found[:, :34].any()
    nodded = (found[:, 34:] > np.radians(2)).any(1)
    assert 10 <= nodded.sum() < 20
    assert found.max() < np.radians(6)
    assert not found[:, -1].any()  # it is over


def test_brows_rise_after_some_phrases() -> None:
    found = np.array([[reaction.brows for reaction in react(PHRASE, seed)] for seed in range(20)])
    assert not found[:, :34].any()
    assert 3 <= (found > 0.2).any(1).sum() < 17


def test_a_word_is_no_phrase_and_a_short_gap_no_end() -> None:
    ends = PhraseEnds(least=18, pause=5)
    word, gap = [True] * 8 + [False] * 20, [True] * 15 + [False] * 3 + [True] * 15
    assert not any(ends.next(voice) for voice in word)
    assert not any(ends.next(voice) for voice in gap)
    assert [ends.next(False) for _ in range(8)].index(True) == 4


def test_attention_comes_soon_and_goes_slowly() -> None:
    found = [reaction.attention for reaction in react([True] * 25 + [False] * 120)]
    assert found[4] > 0.5
    assert found[25 + 40] > 0.5
    assert found[-1] == 0


def test_a_set_gaze_stays() -> None:
    reaction = Reaction(attention=1.0, nod=0.1, smile=0.5)
    dials = Controls(gaze=(10, 0), emotion={"happy": 0.8}).at(0, 1)
    directed = reaction.directed(dials)
    np.testing.assert_array_equal(directed.gaze, dials.gaze)
    np.testing.assert_array_equal(directed.emotion, dials.emotion)  # a wider smile stays, too
    assert directed.pose[0, 1] == pytest.approx(-0.1)
    assert not np.isnan(reaction.directed(Controls().at(0, 1)).gaze).any()


def test_who_says_nothing_becomes_calm_and_a_word_wakes_it() -> None:
    calm = Calm(Calibration())
    found = [calm.next(speaking) for speaking in [True] * 10 + [False] * 200 + [True] * 150]
    assert not any(found[:60])
    assert found[209] > 0.95
    assert found[-1] == 0
    assert np.abs(np.diff(found)).max() < 0.07


def laugh(seconds: float = 3, rate: float = 4.7) -> Sound:
    """One voiced call after another, each with breath before it, falling in pitch."""
    time = np.arange(round(seconds * 16000)) / 16000
    phase = (time * rate) % 1
    pitch = 300 - 25 * time
    buzz = sum(np.sin(2 * np.pi * k * np.cumsum(pitch) / 16000) / k for k in range(1, 12))
    breath = np.random.default_rng(0).standard_normal(len(time))
    sound = buzz * (phase < 0.45) * np.sin(np.pi * phase / 0.45) + 0.2 * breath * (phase >= 0.45)
    return np.asarray(0.1 * sound, np.float32)


def laughing(pcm: Sound) -> list[bool]:
    laughter = Laughter(Calibration().laughter, Calibration().laughter_lasting)
    return [laughter.next(spectra) for spectra in hear(pcm).mel]


def test_laughter_is_noticed_and_speech_is_none(voice: Sound) -> None:
    assert np.mean(laughing(laugh())[45:]) > 0.9
    assert np.mean(laughing(voice)) < 0.02


def test_laughter_makes_a_smile_that_fades_and_no_nod() -> None:
    reactions, chance = Reactions(Calibration()), np.random.default_rng(0)
    spectra = [*hear(laugh()).mel, *[SILENT] * 280]
    found = [reactions.next(i < 75, each, False, chance) for i, each in enumerate(spectra)]
    smiles = [reaction.smile for reaction in found]
    assert max(smiles) > 0.5
    assert smiles[-1] == 0
    assert not any(reaction.nod for reaction in found)
