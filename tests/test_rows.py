"""What did not change is left alone, and nobody sees it."""

import numpy as np
import pytest

from gioconda.media.pixels import coder
from gioconda.provenance.badge import Badge, Badged
from gioconda.provenance.mark import Mark
from gioconda.rows import Rows, Turns

HEIGHT, WIDTH = 182, 214


def changing(count):
    """Frames that change in some rows, and in which."""
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    frame = np.repeat(np.repeat(frame[::7, ::7], 7, 0), 7, 1)[:HEIGHT, :WIDTH].copy()
    yield frame.copy(), None
    for _ in range(count):
        first = int(rng.integers(0, HEIGHT - 1))
        rows = Rows(first, min(HEIGHT, first + int(rng.integers(1, 60))))
        part = frame[rows.slice]
        part[:] = 255 - part if rng.random() < 0.5 else rng.integers(0, 256, part.shape)
        yield frame.copy(), rows


@pytest.mark.parametrize("badge", [False, True])
def test_marked_frames_are_the_same_to_the_bit_when_told_what_changed(badge):
    one = Badged(Mark(5)) if badge else Mark(5)
    before = None
    for frame, rows in changing(20):
        expected = Mark(5)(frame).copy()
        if badge:
            Badge().draw(expected)
        marked = one(frame, rows)
        np.testing.assert_array_equal(marked, expected)
        if before is not None:
            others = np.delete(np.arange(HEIGHT), np.arange(*one.changed))
            np.testing.assert_array_equal(marked[others], before[others])
        before = marked.copy()


def test_coded_pictures_are_the_same_to_the_bit_when_told_what_changed():
    shape = (HEIGHT, WIDTH, 3)
    told = coder("yuv420p", shape, ahead=2)
    for frame, rows in changing(20):
        expected = coder("yuv420p", shape, ahead=2)(frame, None)
        np.testing.assert_array_equal(told(frame, rows).to_ndarray(), expected.to_ndarray())


def test_each_memory_in_turn_gets_all_that_changed_since_its_last():
    turns = Turns(lambda: np.zeros(50), 3, 50)
    picture = np.arange(50.0)
    for step in range(12):
        first = 3 * step
        picture[first : first + 5] += 100
        kept, rows = turns.next(Rows(first, first + 5))
        kept[rows.slice] = picture[rows.slice]
        np.testing.assert_array_equal(kept, picture)
