"""A real portrait, over SmallWebRTC on this machine."""

import asyncio
import json

import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed")
pytest.importorskip("aiortc", reason="pipecat-ai[webrtc] is not installed")


@pytest.mark.slow
def test_a_viewer_sees_and_hears_the_portrait_and_no_sample_is_lost():
    from .loopback import RATE, measure

    found = asyncio.run(measure(4))
    print(json.dumps(found, indent=1))
    assert found["samples_lost"] == 0
    assert found["sample_rates"] == [RATE]
    assert found["first_sound_heard_ms"] is not None
    assert found["sounds_that_were_not_made"] == 0
    left_out = found["sounds_whose_picture_was_left_out"]  # on a machine with too much to do
    assert 0 < found["sounds_behind_their_picture"] == found["sounds"] - left_out
