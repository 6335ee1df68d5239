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
    assert found["first_sound_ms"] is not None
    assert found["sounds_behind_their_picture"] > 0
