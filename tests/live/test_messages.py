import base64
import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gioconda.live import Session
from gioconda.live.errors import RefusalError
from gioconda.live.hosted import HostedSession
from gioconda.live.messages import parse_command

from .fake_animator import FakeAnimator, VirtualClock


def said_to_it(samples):
    sound = base64.b64encode(np.asarray(samples, "<i2").tobytes()).decode()
    return parse_command(json.dumps({"do": "listen", "sound": sound}))


def test_the_other_one_s_sound_reaches_the_portrait_that_listens():
    clock = VirtualClock()
    animator = FakeAnimator(clock)
    session = Session(animator, clock=clock)
    hosted = HostedSession("a", 1, session, lambda: None, ThreadPoolExecutor(1))
    hosted.execute(said_to_it(range(-320, 320)))
    list(itertools.islice(session, 2))
    np.testing.assert_array_equal(animator.heard[0] * 32768, np.arange(-320, 320))


def test_more_than_a_second_in_one_message_is_refused():
    assert len(said_to_it(np.zeros(16000)).pcm()) == 16000
    with pytest.raises(RefusalError, match="at most a second, 32000 bytes; found 32002"):
        said_to_it(np.zeros(16001)).pcm()
