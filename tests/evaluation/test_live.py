"""The benchmark of live portraits, in small."""

import asyncio

import pytest

from gioconda import example

live = pytest.importorskip("gioconda.evaluation.live", reason="the live extra is not installed")


@pytest.mark.slow
def test_the_frame_of_a_sound_is_found_through_webrtc() -> None:
    sound = live.syllable(example.voice(16.0))
    answers, first = asyncio.run(live._through_webrtc(sound, 1, lambda done: None))
    assert len(first) == 5
    assert answers[0].frame > 80  # milliseconds of look-ahead
