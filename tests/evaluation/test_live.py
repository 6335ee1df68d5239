"""The benchmark of live portraits, in small."""

import asyncio
from types import SimpleNamespace

import pytest

from gioconda import example

live = pytest.importorskip("gioconda.evaluation.live", reason="the live extra is not installed")


def test_the_quickest_picture_tells_which_frame_the_first_was_of() -> None:
    viewer = object.__new__(live.Viewer)
    given = {number: (number * 0.04, None) for number in range(60, 200)}
    viewer._given = SimpleNamespace(frames=given)
    late = [0.05, 0.09, 0.02, 0.07]  # seconds
    viewer._pictures = [(0.04 * (130 + i) + by, None, i) for i, by in enumerate(late)]
    viewer.find_origin()
    assert viewer._origin == 130


@pytest.mark.slow
def test_the_frame_of_a_sound_is_found_through_webrtc() -> None:
    sound = live.syllable(example.voice(16.0))
    answers, first = asyncio.run(live._through_webrtc(sound, 1, lambda done: None))
    assert len(first) == 5
    assert answers[0].frame > 80  # milliseconds of look-ahead
