"""A real portrait in a LiveKit agent, in a room without a server."""

import asyncio
import json

import pytest

pytest.importorskip("livekit.agents", reason="livekit-agents is not installed")


@pytest.mark.slow
def test_an_agent_speaks_through_a_real_portrait_and_no_sample_is_lost():
    from .runner import RATE, measure

    found = asyncio.run(measure(4))
    print(json.dumps(found, indent=1))
    assert found["samples_lost"] == 0
    assert found["sample_rates"] == [RATE]
    assert found["sounds_that_were_not_made"] == 0
    left_out = found["sounds_whose_picture_was_left_out"]  # on a machine with too much to do
    assert 0 < found["sounds_behind_their_picture"] == found["sounds"] - left_out
