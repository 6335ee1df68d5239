import numpy as np
import pytest

from gioconda.provenance import Badge, Mark


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


@pytest.mark.parametrize("picture", ["photo", "grey", "white", "noise"])
def test_the_mark_is_faint_and_there(photo, picture):
    rng = np.random.default_rng(0)
    frame = {
        "photo": photo[:512, :512],
        "grey": np.full((512, 512, 3), 127, np.uint8),
        "white": np.full((512, 512, 3), 255, np.uint8),
        "noise": rng.integers(0, 256, (512, 512, 3), np.uint8),
    }[picture]
    before = frame.copy()
    marked = Mark(5)(frame)
    np.testing.assert_array_equal(frame, before)
    assert 42 <= psnr(marked, frame) < 56
    if picture == "grey":
        assert np.abs(marked.astype(int) - frame).max() <= 3


def test_only_luma_changes():
    frame = np.full((128, 128, 3), (90, 120, 150), np.uint8)
    change = Mark(5)(frame).astype(int) - frame
    assert change.any()
    assert (change == change[:, :, :1]).all()


def test_an_id_gives_one_pattern_and_another_id_another():
    frame = np.full((256, 256, 3), 127, np.uint8)
    first = Mark(1)(frame)
    np.testing.assert_array_equal(first, Mark(1)(frame))
    assert (first != Mark(2)(frame)).any()


@pytest.mark.parametrize("shape", [(64, 64), (2, 300), (722, 1280)])
def test_frames_of_any_size(shape):
    frame = np.full((*shape, 3), 127, np.uint8)
    assert Mark(1)(frame).shape == frame.shape


@pytest.mark.parametrize("shape", [(64, 64), (512, 512), (720, 1280)])
def test_the_badge_is_small_and_in_the_corner(shape):
    frame = np.full((*shape, 3), 127, np.uint8)
    Badge().draw(frame)
    rows, columns = np.nonzero((frame != 127).any(2))
    assert rows.min() > 0.8 * shape[0]
    assert columns.min() > 0.75 * shape[1]
    assert frame.max() > 200  # letters
    assert frame.min() < 90  # ground
