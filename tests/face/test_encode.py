"""Smoothing takes noise off and leaves movement."""

import numpy as np

from gioconda.face import measure, topology
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth

FACE = released_basis().mean * 100  # pixels
SEEN = np.ones(40, bool)


def still() -> np.ndarray:
    return np.repeat(FACE[None], 40, 0)


def test_noise_gets_smaller() -> None:
    noise = np.random.default_rng(0).normal(0, 0.15, still().shape).astype(np.float32)
    left = smooth(still() + noise, SEEN) - still()
    assert left[..., :2].std() < 0.8 * noise[..., :2].std()


def test_a_blink_keeps_its_depth_and_its_frame() -> None:
    points = still()
    upper = np.concatenate([topology.RIGHT_LID_UPPER[1:-1], topology.LEFT_LID_UPPER[1:-1]])
    lower = np.concatenate([topology.RIGHT_LID_LOWER[1:-1], topology.LEFT_LID_LOWER[1:-1]])
    for frame, shut in ((18, 0.3), (19, 0.7), (20, 1.0), (21, 0.7), (22, 0.3)):
        points[frame, upper] += shut * (points[frame, lower] - points[frame, upper])
    opening = measure.lid_opening(smooth(points, SEEN)).mean(1)
    depth = opening[0] - opening.min()
    assert opening.argmin() == 20
    assert depth > 0.97 * opening[0]


def test_a_steady_movement_is_left_as_it_is() -> None:
    points = still()
    points[..., 0] += np.arange(40)[:, None]
    np.testing.assert_allclose(smooth(points, SEEN), points, atol=1e-3)


def test_nothing_is_smoothed_across_a_cut_or_a_gap() -> None:
    points = still()
    points[20:, :, 0] += 300
    assert (smooth(points, SEEN) - points).max() < 1e-3
    points = still()
    points[20:, :, 0] += 1
    lost = np.arange(40) < 20
    assert np.abs(smooth(points, lost) - points).max() < 1e-3
