"""Controls: what the dials say of each frame, and what they refuse."""

from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS, Controls, Dials
from gioconda.data.videos.emotion import EMOTIONS as SEEN
from gioconda.errors import GiocondaError
from gioconda.motion import POSE

ROOT = Path(__file__).parents[1]
SHAPES = {
    "gaze": (2,),
    "distance": (),
    "emotion": (6,),
    "amplitude": (),
    "articulation": (),
    "blinks": (),
    "pose": (len(POSE),),
}


def at_rest(dials: Dials) -> None:
    assert np.isnan(dials.gaze).all()
    for name in ("distance", "amplitude", "articulation", "blinks"):
        assert (getattr(dials, name) == 1).all()
    assert not dials.emotion.any()
    assert not dials.pose.any()


# --- values ---


def test_by_default_the_dials_rest() -> None:
    dials = Controls().at(0, 7)
    assert len(dials) == 7
    for name, shape in SHAPES.items():
        assert getattr(dials, name).shape == (7, *shape)
        assert getattr(dials, name).dtype == np.float32
    at_rest(dials)
    assert Controls().turned == ()


def test_constants_come_in_the_units_of_motion() -> None:
    controls = Controls(
        gaze=(10, -5),
        distance=1.5,
        emotion={"sad": 0.4, "happy": 1},
        amplitude=0,
        articulation=2,
        blinks=4,
        pose=(30, 10, -5, 0.5, -1),
    )
    dials = controls.at(1000, 1002)
    np.testing.assert_allclose(np.degrees(dials.gaze), [[10, -5]] * 2, rtol=1e-6)
    assert dials.distance.tolist() == [1.5, 1.5]
    assert dials.emotion[0].tolist() == pytest.approx([1, 0.4, 0, 0, 0, 0])
    assert (dials.amplitude[0], dials.articulation[0], dials.blinks[0]) == (0, 2, 4)
    np.testing.assert_allclose(np.degrees(dials.pose[0, :3]), [30, 10, -5], rtol=1e-6)
    assert dials.pose[0, 3:].tolist() == [0.5, -1, 0]
    assert controls.turned == tuple(SHAPES)


def test_a_pose_of_three_leaves_the_head_where_it_is() -> None:
    pose = (3, 2, 1)
    assert (Controls(pose=pose).at(0, 1).pose == Controls(pose=(*pose, 0, 0)).at(0, 1).pose).all()


def test_a_dial_that_is_turned_for_a_while_counts_as_turned() -> None:
    assert Controls(gaze={0: None, 3: (0, 0), 4: None}).turned == ("gaze",)
    assert Controls(blinks={0: 1, 3: 1}, gaze={0: None}, emotion={"sad": 0}).turned == ()


def test_the_dials_can_be_written_down() -> None:
    controls = Controls(gaze={0: (1, 2), 3: None}, emotion={"sad": 0.5}, pursuit=True)
    assert Controls(**asdict(controls)) == controls
    assert replace(controls, blinks=2).at(0, 1).blinks == 2


def test_the_emotions_are_those_that_are_measured() -> None:
    assert ("neutral", *EMOTIONS) == SEEN


# --- over time ---


@pytest.mark.parametrize(
    ("dial", "first", "last", "read"),
    [
        ("distance", 1.0, 2.0, lambda dials: dials.distance),
        ("amplitude", 2.0, 0.5, lambda dials: dials.amplitude),
        ("articulation", 0.0, 1.5, lambda dials: dials.articulation),
        ("blinks", 0.0, 4.0, lambda dials: dials.blinks),
        ("emotion", {"happy": 0.2}, {"happy": 0.9}, lambda dials: dials.emotion[:, 0]),
        ("pose", (-30, 0, 0), (30, 0, 0), lambda dials: dials.pose[:, 0]),
    ],
)
def test_keyframes_are_held_outside_and_eased_between(
    dial: str, first: Any, last: Any, read: Callable[[Dials], NDArray[np.float32]]
) -> None:
    keyframes: dict[str, Any] = {dial: {1: first, 3: last}}
    values = read(Controls(**keyframes).at(0, 100))
    ends = [read(Controls(**{dial: value}).at(0, 1))[0] for value in (first, last)]
    assert (values[:26] == ends[0]).all()
    assert (values[75:] == ends[1]).all()
    assert values[50] == pytest.approx(np.mean(ends), abs=1e-6)
    steps = np.diff(values) * np.sign(ends[1] - ends[0])
    assert (steps >= 0).all()
    # it starts and ends gently
    assert steps.max() == pytest.approx(1.5 * abs(ends[1] - ends[0]) / 50, rel=0.02)
    assert max(steps[25], steps[74]) < 0.1 * steps.max()


def test_the_eyes_jump_and_arrive_in_time() -> None:
    gaze = np.degrees(Controls(gaze={0: (-10, 0), 2: (20, 5)}).at(0, 60).gaze)
    np.testing.assert_allclose(gaze[:49], [[-10, 0]] * 49, rtol=1e-6)
    np.testing.assert_allclose(gaze[49], [5, 2.5], rtol=1e-5)
    np.testing.assert_allclose(gaze[50:], [[20, 5]] * 10, rtol=1e-6)


def test_keyframes_closer_than_a_jump_are_both_reached() -> None:
    gaze = np.degrees(Controls(gaze={0: (0, 0), 1: (10, 0), 1.04: (-10, 0)}).at(25, 28).gaze)
    np.testing.assert_allclose(gaze[:, 0], [10, -10, -10], rtol=1e-6)


def test_in_pursuit_the_eyes_glide() -> None:
    gaze = Controls(gaze={0: (-20, 0), 2: (20, 0)}, pursuit=True).at(0, 51).gaze[:, 0]
    assert np.degrees(np.diff(gaze)).max() < 1.3
    assert gaze[25] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("pursuit", [False, True])
def test_free_eyes_are_freed_and_held_at_the_keyframe(pursuit: bool) -> None:
    controls = Controls(gaze={1: (10, 0), 2: None, 3: (0, 5), 4: (0, 5)}, pursuit=pursuit)
    gaze = np.degrees(controls.at(0, 125).gaze)
    np.testing.assert_allclose(gaze[:50], [[10, 0]] * 50, rtol=1e-6)
    assert np.isnan(gaze[50:75]).all()
    np.testing.assert_allclose(gaze[75:], [[0, 5]] * 50, rtol=1e-6)


def drawn(rng: np.random.Generator) -> Controls:
    """Random dials."""

    def keyed(value: Callable[[], Any]) -> Any:
        count = int(rng.integers(0, 6))
        times = np.unique(rng.uniform(0, 8, count).round(int(rng.integers(0, 4))))
        return {float(time): value() for time in times} if count else value()

    def direction() -> Any:
        return None if rng.random() < 0.3 else tuple(rng.uniform(-30, 30, 2))

    names = np.array(EMOTIONS)
    return Controls(
        gaze=keyed(direction),
        distance=keyed(lambda: rng.uniform(0.5, 2)),
        emotion=keyed(lambda: {str(n): rng.random() for n in rng.choice(names, 2, replace=False)}),
        amplitude=keyed(lambda: rng.uniform(0, 2)),
        articulation=keyed(lambda: rng.uniform(0, 2)),
        blinks=keyed(lambda: rng.uniform(0, 4)),
        pose=keyed(lambda: (*rng.uniform(-30, 30, 3), *rng.uniform(-1, 1, 2))),
        pursuit=bool(rng.random() < 0.5),
    )


@pytest.mark.parametrize("seed", range(30))
def test_time_may_be_cut_anywhere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    controls = drawn(rng)
    whole = controls.at(0, 250)
    cuts = [0, *sorted(rng.integers(0, 251, int(rng.integers(1, 40))).tolist()), 250]
    for name in SHAPES:
        parts = [getattr(controls.at(a, b), name) for a, b in pairwise(cuts)]
        np.testing.assert_array_equal(np.concatenate(parts), getattr(whole, name))


@pytest.mark.parametrize("seed", range(30))
def test_no_dial_leaves_its_keyframes(seed: int) -> None:
    controls = drawn(np.random.default_rng(seed))
    dials = controls.at(0, 250)
    for name in SHAPES:
        dial = getattr(controls, name)
        keyed = isinstance(dial, dict) and not set(dial) & set(EMOTIONS)
        values = dial.values() if keyed else [dial]
        ends = np.concatenate([getattr(Controls(**{name: v}).at(0, 1), name) for v in values])
        if np.isnan(ends).all():
            assert np.isnan(getattr(dials, name)).all()
            continue
        told = getattr(dials, name)
        told = told[~np.isnan(told).reshape(250, -1).any(1)]
        assert (told >= np.nanmin(ends, axis=0) - 1e-6).all()
        assert (told <= np.nanmax(ends, axis=0) + 1e-6).all()


# --- what is refused ---


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ({"distance": 3}, "distance must be from 0.5 to 2, not 3"),
        ({"distance": float("nan")}, "distance must be from 0.5 to 2, not nan"),
        ({"distance": True}, "not True"),
        ({"distance": None}, "not None"),
        ({"distance": "far"}, "not 'far'"),
        ({"distance": 10**400}, "distance must be from 0.5 to 2"),
        ({"distance": [(0, 1), (2, 1.5)]}, r"not \[\(0, 1\)"),
        ({"blinks": -0.1}, "blinks must be from 0 to 4"),
        ({"amplitude": 2.1}, "amplitude must be from 0 to 2"),
        ({"gaze": (40, 0)}, "gaze: yaw must be from -30 to 30 degrees, not 40"),
        ({"gaze": {1.5: (0, "up")}}, "gaze at 1.5 s: pitch must be .* not 'up'"),
        ({"gaze": (1, 2, 3)}, r"gaze must be \[yaw, pitch\] or free, not \(1, 2, 3\)"),
        ({"gaze": "ahead"}, "not 'ahead'"),
        ({"pose": (0, 0)}, r"pose must be \[yaw, pitch, roll\] or"),
        ({"pose": (0, 0, 0, 0)}, r"pose must be \[yaw, pitch, roll\] or"),
        ({"pose": (0, 0, 0, 0, 1.5)}, "pose: y must be from -1 to 1 inter-ocular distances"),
        ({"emotion": {"bored": 1}}, "'bored' is none of happy, sad"),
        ({"emotion": {"neutral": 1}}, r"neutral is \{\}"),
        ({"emotion": {"sad": 1.5}}, "emotion: sad must be from 0 to 1, not 1.5"),
        (
            {"emotion": {0: {"sad": 0}, 2: "sad"}},
            "emotion at 2 s must be auto, or emotions with strengths",
        ),
        ({"emotion": {0: {"sad": 0}, "sad": 1}}, "emotion has 'sad' where seconds"),
        ({"distance": {}}, "distance is empty"),
        ({"distance": {0: 1, 2: 1, 1.5: 1}}, "at 1.5 s after the one at 2 s"),
        ({"distance": {-1: 1}}, "distance has -1 where seconds"),
        ({"distance": {float("inf"): 1}}, "distance has inf where seconds"),
        ({"distance": {"soon": 1}}, "distance has 'soon' where seconds"),
        ({"distance": {True: 1}}, "distance has True where seconds"),
        ({"pursuit": 1}, "pursuit must be true or false, not 1"),
    ],
)
def test_a_dial_that_cannot_be_set_so(dials: dict[str, Any], says: str) -> None:
    with pytest.raises(GiocondaError, match=says):
        Controls(**dials)


# --- the file ---


def load(folder: Path, text: str | bytes) -> Controls:
    path = folder / "dials.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Controls.load(path)


def test_the_example_is_the_documented_one_and_loads() -> None:
    example = ROOT / "examples" / "controls.yaml"
    assert f"```yaml\n{example.read_text()}```" in (ROOT / "docs" / "controls.md").read_text()
    controls = Controls.load(example)
    assert controls.turned == tuple(SHAPES)
    assert np.isnan(controls.at(150, 151).gaze).all()
    assert controls.at(200, 201).distance == np.float32(0.9)


def test_a_file_says_what_python_says(tmp_path: Path) -> None:
    text = """
gaze: {0: [0, 0], 2: [10, 5.5], 6: free}
emotion: {happy: 0.5}
distance: {1: 1, 4: 1.5}
pose: [1, 2, 3]
pursuit: true
"""
    expected = Controls(
        gaze={0: [0, 0], 2: [10, 5.5], 6: None},  # type: ignore[dict-item]
        emotion={"happy": 0.5},
        distance={1: 1, 4: 1.5},
        pose=[1, 2, 3],  # type: ignore[arg-type]
        pursuit=True,
    )
    assert load(tmp_path, text) == expected
    at_rest(load(tmp_path, "gaze: free").at(0, 2))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("distanse: 1", "'distanse' is not a dial; the dials are gaze, distance"),
        ("_curves: 1", "'_curves' is not a dial"),
        ("1: 2", "1 is not a dial"),
        ("distance: 3", "distance must be from 0.5 to 2, not 3"),
        ("distance:", "distance must be .* not None"),
        ("distance: .nan", "not nan"),
        ("distance: yes", "not True"),
        ("distance: 2020-01-01", "distance must be"),
        ("distance: 2020-13-45", "not a file of controls"),
        (f"distance: 0x{'f' * 20000}", "dials.yaml"),
        (f"distance: {'9' * 20000}", "dials.yaml"),
        ("distance: {0: 1, 0: 2}", "line 1: 0 is set twice"),
        ("distance: 1\nblinks: 2\ndistance: 2", "line 3: 'distance' is set twice"),
        ("distance: {2: 1, 1: 2}", "distance has a keyframe at 1 s after the one at 2 s"),
        ("gaze: [free, 0]", "gaze: yaw must be .* not 'free'"),
        ("gaze: Free", "not 'Free'"),
        ("emotion: happy", "emotion must be auto, or emotions with strengths"),
        ("emotion: {happy: [1]}", "emotion: happy must be"),
        ("blinks: 1\n  gaze: [", "line 2: "),
        ("blinks: [1", "line [12]: "),
        ("? [1, 2]\n: 3", "line 1: "),
        ("blinks: 1\n---\nblinks: 2", "line 2: "),
        ("blinks: 1\n\tgaze: 2", "line 2: "),
        ("distance: &far 2", "line 1: anchors"),
        ("distance: 2\nblinks: *far", "line 2: anchors"),
        ("distance: !!float 2", "line 1: .*tags"),
        ("x: !!python/object/apply:os.system ['true']", "line 1: .*tags"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", "line 1: anchors"),
        ("[" * 5000, "dials.yaml"),
        ("gaze: " + "{0: " * 3000, "dials.yaml"),
        ("- 1\n- 2", "expected dials"),
        ("free", "expected dials"),
        ("# nothing yet\n", "expected dials"),
        ("", "empty"),
        (b"\xff\xfe\xfa\x00", "dials.yaml"),
        (b"distance: \x00", "dials.yaml"),
        (b"distance: \xc3\x28", "dials.yaml"),
        ("# " + "x" * 300_000, "larger than 256 KiB"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(GiocondaError, match=says) as error:
        load(tmp_path, text)
    told = str(error.value)
    assert told.startswith(str(tmp_path / "dials.yaml"))
    assert "\n" not in told
    assert len(told) < 350 + len(str(tmp_path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.yaml"):
        with pytest.raises(GiocondaError, match=r"folder|does not exist"):
            Controls.load(path)
