"""The generator: live as offline, quiet in silence, natural in amount, decided by the seed."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator import BaselineGenerator
from gioconda.generator.bank import IdleMotion, released_bank
from gioconda.generator.blinks import eye_opening
from tests.speech.sounds import voice

MINUTE = np.zeros(16000 * 60, np.float32)


@dataclass
class Generated:
    pose: NDArray[np.float32]
    dynamics: NDArray[np.float32]


def generate(
    pcm: NDArray[np.float32], seed: int = 0, amplitude: float = 1, piece: int | None = None
) -> Generated:
    generator = BaselineGenerator(seed, amplitude)
    size = piece or max(1, len(pcm))
    parts = [generator.append(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    parts.append(generator.finish())
    return Generated(
        np.concatenate([part.pose for part in parts]),
        np.concatenate([part.dynamics for part in parts]),
    )


@pytest.mark.parametrize("piece", [333, 640, 6400])
def test_live_gives_what_offline_gives(piece: int) -> None:
    pcm = voice(5.03)
    whole, live = generate(pcm), generate(pcm, piece=piece)
    np.testing.assert_array_equal(live.pose, whole.pose)
    np.testing.assert_allclose(live.dynamics, whole.dynamics, atol=1e-4)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (640, 1), (641, 2), (16000, 25)])
def test_there_is_a_frame_for_every_640_samples_begun(samples: int, frames: int) -> None:
    assert len(generate(np.zeros(samples, np.float32)).pose) == frames


def test_the_delay_is_two_frames() -> None:
    generator = BaselineGenerator()
    assert len(generator.append(voice(1))) == 23
    assert len(generator.finish()) == 2


def test_silence_shuts_the_mouth_and_keeps_it_still() -> None:
    basis = released_basis()
    pcm = np.concatenate([voice(4), np.zeros(16000 * 2, np.float32)])
    faces = basis.rebuild(generate(pcm).dynamics[:, :], basis.mean)
    opening = measure.mouth_opening(faces)
    shut = measure.mouth_opening(basis.mean[None])[0]
    assert opening[:75].max() > shut + 0.02
    np.testing.assert_allclose(opening[-25:], shut, atol=0.003)
    assert np.abs(np.diff(opening[-25:])).max() < 0.001


def test_the_seed_decides_the_motion_and_not_the_mouth() -> None:
    pcm, lower = voice(4), released_basis().lower
    one, again, two = generate(pcm, 1), generate(pcm, 1), generate(pcm, 2)
    np.testing.assert_array_equal(one.dynamics, again.dynamics)
    np.testing.assert_array_equal(one.pose, again.pose)
    assert np.abs(one.pose - two.pose).max() > 0.02
    np.testing.assert_array_equal(one.dynamics[:, lower], two.dynamics[:, lower])


def test_there_is_no_jump_where_segments_join() -> None:
    bank = released_bank()
    within = np.max([np.abs(np.diff(s.pose, axis=0)).max(0) for s in bank.segments], axis=0)
    for seed in range(3):
        pose = generate(MINUTE, seed).pose
        assert (np.abs(np.diff(pose, axis=0)).max(0) <= within * 1.1).all()


def test_the_head_stays_within_its_range() -> None:
    for seed in range(3):
        pose = generate(MINUTE, seed).pose
        assert (np.abs(pose) <= [0.263, 0.263, 0.263, 0.3, 0.3, 0.061]).all()
        assert np.degrees(pose[:, :3]).std(0).min() > 0.3


@pytest.mark.parametrize("amplitude", [0, 1, 2])
def test_eyes_blink_at_a_natural_rate_and_close(amplitude: float) -> None:
    basis = released_basis()
    counts = []
    for seed in range(4):
        dynamics = generate(MINUTE, seed, amplitude).dynamics
        lids = eye_opening(dynamics[:, basis.upper], basis)
        counts.append(int((np.diff((lids < 0.1).astype(int)) == 1).sum()))
    assert min(counts) >= 5
    assert 10 <= np.mean(counts) <= 30


def test_the_amount_of_motion_is_natural() -> None:
    basis, bank = released_basis(), released_bank()
    real = np.mean([np.abs(np.diff(s.pose[:, :3], axis=0)).mean(0) for s in bank.segments], axis=0)
    told = [generate(MINUTE, seed) for seed in range(12)]
    made = np.mean([np.abs(np.diff(one.pose[:, :3], axis=0)).mean(0) for one in told], axis=0)
    lids = [eye_opening(one.dynamics[:, basis.upper], basis) for one in told]
    blinks = np.mean([(np.diff((one < 0.1).astype(int)) == 1).sum() for one in lids])
    print(f"blinks a minute {blinks:.1f}; degrees a frame {np.degrees(made).round(2)}")
    assert (made > 0.6 * real).all()
    assert (made < 1.4 * real).all()


def test_amplitude_scales_the_head_and_leaves_the_mouth() -> None:
    pcm, lower = voice(4), released_basis().lower
    still, half, one = (generate(pcm, 0, amplitude) for amplitude in (0, 0.5, 1))
    assert not still.pose.any()
    np.testing.assert_allclose(half.pose * 2, one.pose, atol=1e-6)
    np.testing.assert_array_equal(half.dynamics[:, lower], one.dynamics[:, lower])


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(GiocondaError, match="amplitude must be from 0 to 2, not 3"):
        BaselineGenerator(amplitude=3)
    with pytest.raises(GiocondaError, match="seed must be 0 or more, not -1"):
        BaselineGenerator(seed=-1)


def test_frames_are_the_same_however_they_are_taken() -> None:
    bank = released_bank()
    one, two = IdleMotion(bank, 5), IdleMotion(bank, 5)
    whole = one.take(600)
    parts = [two.take(count) for count in (1, 99, 0, 200, 300)]
    np.testing.assert_array_equal(whole.pose, np.concatenate([part.pose for part in parts]))


def test_the_mirror_undoes_itself() -> None:
    bank, basis = released_bank(), released_basis()
    assert bank.basis == basis.name
    upper = np.concatenate([segment.upper for segment in bank.segments])
    twice = upper @ bank.mirror @ bank.mirror
    assert np.abs(twice - upper).mean() < 0.2 * np.abs(upper).mean()
