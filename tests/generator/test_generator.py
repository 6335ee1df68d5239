import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda import Controls, Motion, example
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator import LATER, Generator
from gioconda.generator.calibration import Calibration
from gioconda.generator.corrections import following_lids
from gioconda.speech.encoder import RECORDED

Voice = NDArray[np.float32]


def speak(pcm: Voice, size: int | None = None, seed: int = 0, **dials: object) -> Motion:
    generator = Generator(seed, Controls(**dials))  # type: ignore[arg-type]
    size = size or len(pcm)
    parts = [generator.append(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    parts.append(generator.finish())
    return Motion(
        np.concatenate([part.pose for part in parts]),
        np.concatenate([part.dynamics for part in parts]),
        parts[0].basis,
    )


def opening(motion: Motion) -> NDArray[np.float64]:
    basis = released_basis()
    return measure.mouth_opening(basis.rebuild(motion.dynamics, basis.mean))


@pytest.mark.parametrize("samples", [1, 639, 640, 641, 1300, 16000])
def test_as_many_frames_as_sound(voice: Voice, samples: int) -> None:
    assert len(speak(voice[:samples])) == -(-samples // 640)


@pytest.mark.parametrize("size", [160, 641, 7000])
def test_pieces_give_the_same_to_the_bit(voice: Voice, size: int) -> None:
    whole, parts = speak(voice[:24000]), speak(voice[:24000], size)
    np.testing.assert_array_equal(whole.pose, parts.pose)
    np.testing.assert_array_equal(whole.dynamics, parts.dynamics)


def test_frames_come_out_80_ms_after_their_sound_began(voice: Voice) -> None:
    generator = Generator()
    assert len(generator.append(voice[: 2 * 640 - 1])) == 0
    assert len(generator.append(voice[2 * 640 - 1 : 2 * 640])) == 1


def test_after_a_silence_lips_part_before_a_voice_in_a_recording_and_soon_in_a_call(
    voice: Voice,
) -> None:
    first = int(np.argmax(np.abs(voice) > 0.05))
    pcm = np.concatenate([np.zeros(16000, np.float32), voice[first - 160 : first + 16000]])
    opened = []
    for later in (LATER, 0):
        generator = Generator(later=later)
        wide = opening(Motion.joined([generator.append(pcm), generator.finish()])) > 0.015
        opened.append(int(np.argmax(wide[12:])) + 12 - 25)
    assert -6 <= opened[0] <= 0
    assert 0 <= opened[1] <= 4


def test_a_recording_hears_further_ahead_in_pieces_of_any_size(voice: Voice) -> None:
    recording = Generator(later=LATER)
    frames = 2 + LATER + Calibration().gate_lead  # and as many as are heard at once
    needed = -(-frames // RECORDED) * RECORDED * 640
    assert len(recording.append(voice[: needed - 1])) == 0
    assert len(recording.append(voice[needed - 1 : needed])) == needed // 640 - frames + 1
    motions = []
    for later, size in ((0, 16000), (LATER, 16000), (LATER, 700)):
        generator, pcm = Generator(later=later), voice[:16000]
        parts = [generator.append(pcm[at : at + size]) for at in range(0, len(pcm), size)]
        motions.append(Motion.joined([*parts, generator.finish()]))
    heads, lips = [one.pose for one in motions], [one.dynamics for one in motions]
    for made in heads, lips:
        np.testing.assert_array_equal(made[1], made[2])
        assert np.abs(made[0] - made[1]).max() > 0.01
    with pytest.raises(GiocondaError, match="from 0 to 6 frames, not 7"):
        Generator(later=LATER + 1)


def test_two_voices_share_no_choreography(voice: Voice) -> None:
    """A head sways slowly, so a few seconds of two heads go together somewhat by chance."""
    one, two = speak(voice[:120000]), speak(voice[120000:240000])
    steps = (np.diff(motion.pose[:, :2], axis=0) for motion in (one, two))
    yaw, pitch = np.stack([*steps]).transpose(2, 0, 1)
    assert abs(np.corrcoef(yaw)[0, 1]) < 0.3
    assert abs(np.corrcoef(pitch)[0, 1]) < 0.3


def test_a_seed_repeats_and_another_differs(voice: Voice) -> None:
    first, again, other = (speak(voice[:24000], seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.dynamics, again.dynamics)
    assert np.abs(first.pose - other.pose).max() > 0.01
    with pytest.raises(GiocondaError, match="seed must be 0 or more"):
        Generator(-1)


def test_the_mouth_speaks_and_is_shut_in_silence(voice: Voice) -> None:
    spoken, silent = opening(speak(voice[:48000])), opening(speak(np.zeros(48000, np.float32)))
    assert spoken.std() > 0.01
    assert (silent < 0.01).mean() > 0.99


def test_a_recording_that_begins_before_its_voice_begins_with_lips_that_meet(voice: Voice) -> None:
    assert np.abs(voice[:3200]).max() < 0.01  # 0.2 s
    generator = Generator(later=LATER)
    first = opening(generator.append(voice[:32000]))
    assert first[:4].max() < 0.005
    assert first.max() > 0.05


def test_the_mouth_is_shut_after_a_voice_that_ended(voice: Voice) -> None:
    spoken, silent = 125, np.zeros(48000, np.float32)
    after = opening(speak(np.concatenate([voice[: 640 * spoken], silent])))[spoken + 25 :]
    assert after.max() < 0.02
    assert (after < 0.01).mean() > 0.95


def test_distance_and_pose_are_added_exactly(voice: Voice) -> None:
    plain, moved = speak(voice[:8000]), speak(voice[:8000], distance=2.0, pose=(10, 5, -5, 0.1, 0))
    shift = np.array([*np.radians([10, 5, -5]), 0.1, 0, -np.log(2)])
    np.testing.assert_allclose(moved.pose - plain.pose, np.tile(shift, (len(plain), 1)), atol=1e-5)


def test_the_eyes_look_where_they_are_told(voice: Voice) -> None:
    basis = released_basis()
    for told in ((-15.0, 0.0), (15.0, 0.0), (0.0, 10.0)):
        motion = speak(voice[:40000], gaze=told)
        eyes = measure.gaze(basis.rebuild(motion.dynamics, basis.mean), basis.mean)
        looks = np.degrees(eyes[20:] + motion.pose[20:, :2])
        np.testing.assert_allclose(looks.mean(0), told, atol=1)
        assert looks.std(0).max() < 2


def test_lids_go_with_eyes_that_look_up_and_down() -> None:
    basis = released_basis()
    up, down = (
        measure.lid_opening(basis.rebuild(following_lids(pitch, 1.1)[None], basis.mean)).mean()
        for pitch in (0.2, -0.2)
    )
    assert down < measure.lid_opening(basis.mean[None]).mean() < up


def test_blinks_come_as_often_as_told() -> None:
    silence = np.zeros(16000 * 15, np.float32)
    none, usual, many = (blinks(speak(silence, seed=1, blinks=r)) for r in (0.0, 1.0, 2.5))
    assert none <= 3 < usual < many  # the network lets lids down a little by itself


def blinks(motion: Motion) -> int:
    from gioconda.data.videos.blinks import blinks as found

    basis = released_basis()
    lids = measure.lid_opening(basis.rebuild(motion.dynamics, basis.mean))
    return len(found(lids, np.ones(len(lids), bool)))


def test_amplitude_moves_the_head_more(voice: Voice) -> None:
    def speed(amplitude: float) -> float:
        poses = [speak(voice[:64000], seed=s, amplitude=amplitude).pose[:, :3] for s in range(2)]
        return float(np.mean([np.abs(np.diff(pose, axis=0)).mean() for pose in poses]))

    assert speed(0) == 0
    assert speed(0.5) < speed(2.0)


def test_heads_come_back_to_the_distance_they_were_told():
    """What a stretch of speech adds to the head's size is none in the mean, whoever leans."""
    voice = np.tile(example.voice(10), 4)
    nearer = [Generator(seed).append(voice).pose[100:, 5] for seed in (0, 1)]
    assert all(abs(float(each.mean())) < 0.003 for each in nearer)
    assert all(float(each.std()) > 0.005 for each in nearer)
