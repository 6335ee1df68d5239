"""What did not change is left alone, and nobody sees it."""

import cv2
import numpy as np
import pytest

from gioconda.media.pixels import coder
from gioconda.provenance.badge import Badge, Badged
from gioconda.provenance.mark import Mark
from gioconda.spans import Turns, blocks, grown, none, pixels, strips, whole

HEIGHT, WIDTH = 182, 214


def mask_of(spans):
    """(H, W) what is in them."""
    columns = np.arange(WIDTH)
    return (columns >= spans[:, :1]) & (columns < spans[:, 1:])


def some_spans(rng):
    """A slanted part of a picture."""
    first = int(rng.integers(0, HEIGHT - 1))
    count = int(rng.integers(1, min(60, HEIGHT - first) + 1))
    spans = none(HEIGHT, WIDTH)
    left = rng.integers(0, WIDTH - 1) + np.arange(count) * rng.integers(-3, 4)
    ends = np.column_stack([left, left + rng.integers(1, WIDTH)])
    spans[first : first + count] = np.clip(ends, 0, WIDTH)
    return spans


def changing(count):
    """Frames that change in some spans, and in which."""
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    frame = np.repeat(np.repeat(frame[::7, ::7], 7, 0), 7, 1)[:HEIGHT, :WIDTH].copy()
    yield frame.copy(), None
    for _ in range(count):
        spans = some_spans(rng)
        part = mask_of(spans)
        other = 255 - frame if rng.random() < 0.5 else rng.integers(0, 256, frame.shape, np.uint8)
        frame[part] = other[part]
        yield frame.copy(), spans


@pytest.mark.parametrize("badge", [False, True])
def test_marked_frames_are_the_same_to_the_bit_when_told_what_changed(badge):
    one = Badged(Mark(5)) if badge else Mark(5)
    before = None
    for frame, changed in changing(40):
        expected = Mark(5)(frame).copy()
        if badge:
            Badge().draw(expected)
        marked = one(frame, changed)
        np.testing.assert_array_equal(marked, expected)
        if before is not None:
            others = ~mask_of(one.changed)
            np.testing.assert_array_equal(marked[others], before[others])
        before = marked.copy()


def test_coded_pictures_are_the_same_to_the_bit_when_told_what_changed():
    shape = (HEIGHT, WIDTH, 3)
    told = coder("yuv420p", shape, ahead=2)
    for frame, changed in changing(40):
        expected = coder("yuv420p", shape, ahead=2)(frame, None)
        np.testing.assert_array_equal(told(frame, changed).to_ndarray(), expected.to_ndarray())


def test_each_memory_in_turn_gets_all_that_changed_since_its_last():
    turns = Turns(lambda: np.zeros((HEIGHT, WIDTH)), 3, HEIGHT, WIDTH)
    picture, rng = np.zeros((HEIGHT, WIDTH)), np.random.default_rng(0)
    for step in range(12):
        changed = some_spans(rng)
        picture[mask_of(changed)] = step
        kept, stale = turns.next(changed)
        kept[mask_of(stale)] = picture[mask_of(stale)]
        np.testing.assert_array_equal(kept, picture)


def test_spans_of_blocks_and_strips_hold_all_that_spans_hold():
    rng = np.random.default_rng(1)
    for _ in range(40):
        spans = some_spans(rng)
        held = mask_of(spans)
        assert not held[~mask_of(pixels(blocks(spans, 8), 8, HEIGHT, WIDTH))].any()
        wide = mask_of(grown(spans, WIDTH))
        assert not cv2.dilate(held.astype(np.uint8), np.ones((3, 3)))[~wide].any()
        left = held.copy()
        for part in strips(spans):
            left[part] = False
        assert not left.any()
    assert not any(True for _ in strips(none(HEIGHT, WIDTH)))
    assert mask_of(whole(HEIGHT, WIDTH)).all()
