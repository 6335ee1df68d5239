import numpy as np
import pytest

from gioconda.data.videos.blinks import blinks

SEEN = np.ones(250, bool)


def eyes(open_level: float, *dips: tuple[int, float, int, int], length: int = 250) -> np.ndarray:
    """(T, 2) lids with dips of (lowest frame, level there, frames down, frames up)."""
    lids = np.full(length, open_level)
    for lowest, level, down, up in dips:
        at = [lowest - down, lowest, lowest + up]
        inside = np.arange(max(0, at[0]), min(length, at[2] + 1))
        lids[inside] = np.interp(inside, at, [open_level, level, open_level])
    noise = np.random.default_rng(0).normal(0, 0.01 * open_level, (length, 2))
    return lids[:, None] + noise


@pytest.mark.parametrize("level", [0.12, 0.3, 0.45])
def test_blinks_are_found_whatever_the_eyes(level: float) -> None:
    found = blinks(eyes(level, (50, 0.2 * level, 3, 5), (150, 0.2 * level, 2, 4)), SEEN)
    assert [b.lowest for b in found] == [50, 150]
    assert all(b.onset < b.lowest < b.end and b.depth > 0.9 for b in found)
    assert 3 <= found[0].end - found[0].onset <= 10


def test_half_blink_is_shallower() -> None:
    half, full = blinks(eyes(0.3, (60, 0.18, 3, 4), (160, 0.05, 3, 4)), SEEN)
    assert half.depth == pytest.approx(0.53, abs=0.1)
    assert full.depth > 0.9


def test_looking_down_is_no_blink() -> None:
    lids = eyes(0.3)
    lids[80:130] -= 0.15  # down within a frame, and up two seconds later
    assert blinks(lids, SEEN) == []


def test_slow_squint_is_no_blink() -> None:
    assert blinks(eyes(0.3, (100, 0.1, 40, 40)), SEEN) == []


def test_wink_of_one_eye_is_no_blink() -> None:
    lids = eyes(0.3)
    lids[:, 1] = eyes(0.3, (100, 0.03, 3, 4))[:, 1]
    assert blinks(lids, SEEN) == []


def test_lost_face_gives_no_blink() -> None:
    seen = SEEN.copy()
    seen[98:102] = False
    assert blinks(eyes(0.3, (100, 0.05, 3, 4)), seen) == []
    assert blinks(eyes(0.3), np.zeros(250, bool)) == []
