"""The playout buffer alone: what it gives for each frame, and when it has nothing more."""

import numpy as np
import pytest

from gioconda.live.inputs import SAMPLES
from gioconda.live.playout import CAPACITY, BufferFullError, PlayoutBuffer

FRAME = np.full(SAMPLES, 0.5, np.float32)


def frames(playout, count):
    return [playout.take() for _ in range(count)]


def test_a_margin_waits_before_sound_begins():
    playout = PlayoutBuffer()
    playout.append(FRAME[:160], 0.0)
    assert not playout.take().pcm.any()
    playout.append(FRAME, 0.04)
    begun = playout.take()
    assert begun.pcm.all()
    assert begun.arrived == 0.04
    assert len(playout) == 160


def test_at_the_end_of_speech_nothing_waits_and_the_last_frame_says_so():
    playout = PlayoutBuffer()
    playout.append(np.tile(FRAME, 2)[:1000], 0.0)
    playout.end()
    first, second = frames(playout, 2)
    assert (first.last, second.last) == (False, True)
    assert np.count_nonzero(second.pcm) == 360
    assert len(playout) == 0


def test_speech_ends_after_a_second_without_sound():
    playout = PlayoutBuffer()
    playout.append(FRAME[:100], 0.0)  # less than the margin
    assert [frame.last for frame in frames(playout, 26)] == [False] * 25 + [True]


def test_late_sound_leaves_a_gap_that_fades_and_counts_as_an_underrun():
    playout = PlayoutBuffer()
    for chunk in (FRAME, FRAME, FRAME[:460]):
        playout.append(chunk, 0.0)
    playout.append(FRAME[:160], 0.0)
    first, _, third, gap = frames(playout, 4)
    assert first.pcm.all()
    assert np.abs(np.diff(third.pcm)).max() < 0.1
    assert not gap.pcm.any()
    for _ in range(4):
        playout.append(FRAME, 0.2)
    again = playout.take()
    assert again.pcm[-1] == 0.5
    assert np.abs(np.diff(again.pcm)).max() < 0.1
    assert playout.underruns == 1


@pytest.mark.parametrize(("microphone", "waits"), [(False, 10 * SAMPLES), (True, 1600 - SAMPLES)])
def test_only_a_microphones_stale_sound_is_discarded(microphone, waits):
    playout = PlayoutBuffer()
    for _ in range(11):
        playout.append(FRAME, 0.0)
    playout.take(microphone)
    assert len(playout) == waits
    assert playout.caught_up == (11 * SAMPLES - 1600 if microphone else 0)


def test_more_than_it_holds_is_refused_and_what_waits_stays():
    playout = PlayoutBuffer()
    playout.append(FRAME, 0.0)
    with pytest.raises(BufferFullError, match="120 s"):
        playout.append(np.zeros(CAPACITY, np.float32), 0.0)
    assert len(playout) == SAMPLES
