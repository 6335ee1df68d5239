from collections.abc import Sequence

import numpy as np
import pytest

from gioconda.data.videos import sync
from gioconda.data.videos.sync import Curve, Foreign, Heard, Offset
from gioconda.face.basis import released_basis

SURE = Offset(2.0, 1.7, 2.3, 20, 0.3, True)
OWN_LAG = 0.3  # frames that the regressor itself takes


def speech(frames: int, seed: int) -> np.ndarray:
    """Lips that talk, (T, 4): smooth noise of syllables' pace, at a tenth of a frame's step."""
    rng = np.random.default_rng(seed)
    fine = rng.normal(0, 1, (10 * frames + 400, 4))
    window = np.hanning(60)
    smooth = np.stack([np.convolve(column, window, "same") for column in fine.T], 1)
    return 0.1 + 0.04 * smooth / smooth.std(0)


def pair(
    frames: int, late: float, seed: int, likeness: float = 0.6
) -> tuple[Heard, np.ndarray, np.ndarray]:
    """Sound and picture of one clip, the sound late by so many frames."""
    said, own = speech(frames + 20, seed), speech(frames + 20, seed + 10_000)
    at = 200 + 10 * np.arange(frames)
    lips = likeness * said[at] + np.sqrt(1 - likeness**2) * own[at]
    heard = said[at - round(10 * (late + OWN_LAG))]
    return Heard(heard, np.ones(frames, bool)), lips, np.ones(frames, bool)


def curves(late: Sequence[float], frames: int, likeness: float = 0.6) -> list[Curve]:
    return [sync.curve(*pair(frames, k, i, likeness)) for i, k in enumerate(late)]


def covered(found: list[Foreign], frames: int) -> np.ndarray:
    marks = np.zeros(frames, bool)
    for stretch in found:
        marks[stretch.start : stretch.stop] = True
    return marks


@pytest.mark.parametrize("late", [-2.0, 0.0, 1.5, 4.0])
def test_long_clip_tells_its_offset(late: float) -> None:
    found = sync.offset(sync.curve(*pair(500, late, 1)))
    assert found.sure
    assert found.frames == pytest.approx(late, abs=0.4)
    assert found.low <= late <= found.high


def test_many_short_clips_tell_their_source() -> None:
    found = sync.offsets({"a": curves([1.8] * 60, 30), "b": curves([0.0] * 60, 30)})
    assert found["a"].frames == pytest.approx(1.8, abs=0.4)
    assert found["b"].frames == pytest.approx(0.0, abs=0.4)
    assert found["a"].sure
    assert found["a"].clips == 60


def test_short_clip_goes_with_its_source_and_a_long_one_for_itself() -> None:
    source = sync.offsets({"a": curves([2.0] * 60, 30)})["a"]
    short = sync.curve(*pair(30, 2.0, 501, likeness=0.3))
    assert not sync.offset(short).sure
    assert sync.offset(short, source).frames == pytest.approx(2.0, abs=0.7)
    long = sync.curve(*pair(750, -1.0, 502))
    assert sync.offset(long, source).frames == pytest.approx(-1.0, abs=0.5)


def test_spread_of_a_source_is_found() -> None:
    late = np.random.default_rng(3).normal(1.0, 1.5, 40).tolist()
    alike, mixed = sync.offsets({"a": curves([1.0] * 40, 150), "b": curves(late, 150)}).values()
    assert alike.spread < 0.5 < 1.0 <= mixed.spread


def test_foreign_clips_do_not_move_a_source() -> None:
    own = curves([1.0] * 20, 150)
    foreign = curves([7.0] * 2, 150)
    found = sync.offsets({"a": own + foreign})["a"]
    assert found.frames == pytest.approx(1.0, abs=0.4)


def test_nothing_in_common_is_not_sure() -> None:
    heard, _, seen = pair(200, 0.0, 1)
    assert not sync.offset(sync.curve(heard, pair(200, 0.0, 77)[1], seen)).sure
    resting = np.full((200, 4), 0.1)
    assert sync.curve(heard, resting, seen).correlation == pytest.approx(np.zeros(17))


def test_same_clips_give_the_same_offset() -> None:
    clips = {"a": curves([1.0, 2.0, 0.0, 1.5], 100)}
    assert sync.offsets(clips) == sync.offsets(clips)
    with pytest.raises(ValueError, match="no clip"):
        sync.offsets({"a": []})


def test_frames_without_the_face_do_not_count() -> None:
    heard, lips, seen = pair(500, 1.0, 4)
    lips[200:300] = np.random.default_rng(0).normal(0, 1, (100, 4)).cumsum(0)
    seen[200:300] = False
    far = lips.copy()
    far[200:300] = lips[199]
    assert sync.offset(sync.curve(heard, far, seen)).frames == pytest.approx(1.0, abs=0.5)


def test_own_sound_belongs() -> None:
    for seed in range(30):
        assert sync.belongs(*pair(250, 2.0, seed), SURE) == []


def test_swapped_sound_is_foreign() -> None:
    found = 0
    for seed in range(30):
        _, lips, seen = pair(300, 2.0, seed)
        heard = pair(300, 2.0, seed + 500)[0]
        found += covered(sync.belongs(heard, lips, seen, SURE), 300).mean() > 0.8
    assert found >= 24


def test_spliced_sound_is_foreign_from_the_splice_on() -> None:
    heard, lips, seen = pair(1000, 2.0, 5)
    other = pair(1000, 2.0, 600)[0]
    spliced = Heard(np.concatenate([heard.lips[:500], other.lips[500:]]), heard.voice)
    marks = covered(sync.belongs(spliced, lips, seen, SURE), 1000)
    assert marks[550:].mean() > 0.9
    assert marks[:450].mean() < 0.1


def test_short_clip_with_little_likeness_is_kept() -> None:
    for seed in range(30):
        assert sync.belongs(*pair(30, 2.0, seed, likeness=0.4), SURE) == []
    assert sync.belongs(*pair(10, 2.0, 1), SURE) == []


def test_voice_over_resting_lips() -> None:
    heard, lips, seen = pair(250, 2.0, 6)
    lips[100:] = 0.02 + np.random.default_rng(0).normal(0, 0.0005, (150, 4))
    found = [f for f in sync.belongs(heard, lips, seen, SURE) if f.reason == "still"]
    marks = covered(found, 250)
    assert marks[130:].mean() > 0.9
    assert not marks[:90].any()


def test_talking_lips_in_silence() -> None:
    _, lips, seen = pair(250, 2.0, 7)
    mute = Heard(np.full((250, 4), 0.02), np.zeros(250, bool))
    found = sync.belongs(mute, lips, seen, SURE)
    assert {f.reason for f in found} == {"mute"}
    assert covered(found, 250).mean() > 0.7


def test_listening_in_silence_is_kept() -> None:
    still = 0.02 + np.random.default_rng(0).normal(0, 0.0005, (250, 4))
    quiet = Heard(np.full((250, 4), 0.02), np.zeros(250, bool))
    assert sync.belongs(quiet, still, np.ones(250, bool), SURE) == []


def test_lips_and_what_is_heard_speak_of_the_same() -> None:
    face = released_basis().mean[None]
    heard = sync.hear(np.zeros(6400, np.float32))
    assert heard.lips.shape == (10, 4)
    assert not heard.voice.any()
    assert heard.lips[:, 1] == pytest.approx(sync.lips(face)[0, 1], abs=0.1)
