"""Controls: the dials of a performance, constant or keyframed over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from math import inf, nan, radians
from numbers import Real
from pathlib import Path
from reprlib import repr as brief
from typing import Any, Final, Literal, TypeAlias, TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray

from gioconda.emotions import PROTOTYPES
from gioconda.errors import GiocondaError
from gioconda.media import FPS
from gioconda.media.files import check_readable, reason

EMOTIONS: Final = tuple(PROTOTYPES)
AUTO: Final = "auto"
"""The emotion dial's word for what the voice suggests."""

_T = TypeVar("_T")
# A constant, or keyframes: seconds from the start → the value at that time.
Dial: TypeAlias = _T | Mapping[float, _T]

_RATIOS: Final = {
    "distance": (0.5, 2.0),
    "amplitude": (0.0, 2.0),
    "articulation": (0.0, 2.0),
    "blinks": (0.0, 4.0),
}
_ANGLES: Final = tuple((name, -30.0, 30.0, " degrees") for name in ("yaw", "pitch", "roll"))
_PLACE: Final = tuple((name, -1.0, 1.0, " inter-ocular distances") for name in ("x", "y"))
_SACCADE: Final = 2 / FPS  # seconds that a jump of the eyes takes
_LARGEST: Final = 256 * 1024  # bytes of a file


@dataclass(frozen=True)
class Dials:
    """What the dials say for each of T frames; float32.

    Attributes:
        gaze: (T, 2) yaw and pitch of the eyes against the camera in radians, to the image's
            right and up; NaN where the eyes are free.
        distance: (T,) of the head from the camera; 1 as in the photo, 2 twice as far.
        emotion: (T, E) strength of each of `EMOTIONS`, 0 to 1; all 0 is neutral.
        amplitude: (T,) of the motion of head and brows; 1 as people do.
        articulation: (T,) how far the lips move; 1 as an expressive speaker's.
        blinks: (T,) how often, against the natural rate.
        pose: (T, 6) added to the head's pose, as `Motion.pose`; log_scale is 0, for the size
            is `distance`.
    """

    gaze: NDArray[np.float32]
    distance: NDArray[np.float32]
    emotion: NDArray[np.float32]
    amplitude: NDArray[np.float32]
    articulation: NDArray[np.float32]
    blinks: NDArray[np.float32]
    pose: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pose)


@dataclass(frozen=True)
class Controls:
    """The dials: each a constant, or keyframes that map seconds from the start to values.

    A dial reaches a keyframe's value at its time. Between two keyframes it eases from one to
    the other without overshoot; before the first and after the last it holds. The eyes hold
    still and jump to the next keyframe in the last 80 ms before it, as saccades do. To and
    from a free gaze they change at the keyframe.

    >>> Controls(gaze=(10, 0), distance={0: 1, 2: 1.5}).at(24, 27).distance
    array([1.235008, 1.25    , 1.264992], dtype=float32)

    Attributes:
        gaze: (yaw, pitch) of the eyes against the camera in degrees, to the image's right and
            up, each -30 to 30; None leaves them free.
        distance: of the head from the camera, 0.5 to 2; 1 as in the photo, 2 twice as far.
        emotion: strengths, 0 to 1, of some of `EMOTIONS`; those left out are 0. Or "auto": a mild
            guess from the voice, which knows how lively it is and not what it says.
        amplitude: of the motion of head and brows, 0 to 2; 1 as people do.
        articulation: how far the lips open, spread and round, 0 to 2; 1 as an expressive
            speaker's, 0 leaves them at rest.
        blinks: how often against the natural rate, 0 to 4.
        pose: (yaw, pitch, roll) or (yaw, pitch, roll, x, y), added to the head's pose: degrees
            to the image's right, up and clockwise, -30 to 30; then inter-ocular distances to
            the image's right and down, -1 to 1.
        pursuit: the eyes glide from one keyframe of gaze to the next instead of jumping.

    Raises:
        GiocondaError: if a value is of a wrong kind or out of its range, or the times of
            keyframes do not increase.
    """

    gaze: Dial[tuple[float, float] | None] = None
    distance: Dial[float] = 1.0
    emotion: Dial[Mapping[str, float]] | Literal["auto"] = field(default_factory=dict)
    amplitude: Dial[float] = 1.0
    articulation: Dial[float] = 1.0
    blinks: Dial[float] = 1.0
    pose: Dial[tuple[float, ...]] = (0.0, 0.0, 0.0)
    pursuit: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.pursuit, bool):
            raise GiocondaError(f"pursuit must be true or false, not {brief(self.pursuit)}")
        _ = self._curves  # all values are checked here

    @cached_property
    def _curves(self) -> Mapping[str, "_Curve"]:
        dials = (each.name for each in fields(self) if each.name != "pursuit")
        return {dial: _curve(dial, getattr(self, dial), self.pursuit) for dial in dials}

    @property
    def turned(self) -> tuple[str, ...]:
        """Names of the dials that ever differ from their default."""
        values = {dial: curve.values for dial, curve in self._curves.items()}
        free = np.isnan(values.pop("gaze")).all()
        if self.emotion == AUTO:
            values["emotion"] = np.ones((1, 1))
        # ratios rest at 1, emotions and pose at 0
        others = tuple(d for d, value in values.items() if (value != float(d in _RATIOS)).any())
        return others if free else ("gaze", *others)

    def to_dict(self) -> dict[str, Any]:
        """The dials that are turned and what they are set to, as in a file of controls."""
        return {dial: getattr(self, dial) for dial in self.turned}

    def at(self, start: int, stop: int) -> Dials:
        """The dials of frames `start` to `stop`, the last left out, at 25 frames a second.

        Frame i is at i / 25 s. What a frame gets does not depend on which others are asked for.
        """
        seconds = np.arange(start, stop) / FPS
        values = {dial: curve.at(seconds) for dial, curve in self._curves.items()}
        return Dials(**{d: v[:, 0] if d in _RATIOS else v for d, v in values.items()})

    @staticmethod
    def load(path: str | Path) -> "Controls":
        """Read a YAML file, see docs/controls.md.

        Raises:
            GiocondaError: if the file is missing, is larger than 256 KiB, is no YAML of plain
                values, or sets a dial that does not exist or to what it cannot be.
        """
        check_readable(Path(path))
        try:
            return Controls(**_read(Path(path)))
        except GiocondaError as error:
            raise GiocondaError(f"{path}: {error}") from error
        except yaml.MarkedYAMLError as error:
            line = "" if error.problem_mark is None else f"line {error.problem_mark.line + 1}: "
            raise GiocondaError(f"{path}: {line}{error.problem or error.context}") from error
        except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
            raise GiocondaError(f"{path} is not a file of controls ({reason(error)})") from error


# --- one dial over time ---


@dataclass(frozen=True)
class _Curve:
    """Values of n parts at K times, and the K + 1 spans before, between and after them.

    A span holds `first`, then goes by `change` within `length` seconds from `begin` on.
    """

    times: NDArray[np.float64]  # (K,)
    values: NDArray[np.float64]  # (K, n)
    begin: NDArray[np.float64]  # (K + 1,)
    length: NDArray[np.float64]  # (K + 1,)
    first: NDArray[np.float64]  # (K + 1, n)
    change: NDArray[np.float64]  # (K + 1, n)

    def at(self, seconds: NDArray[np.float64]) -> NDArray[np.float32]:
        """(T,) → (T, n)."""
        if len(self.times) == 1:  # held from the beginning to the end, as most are
            return np.repeat(self.values.astype(np.float32), len(seconds), axis=0)
        span = np.searchsorted(self.times, seconds, side="right")
        t = np.clip((seconds - self.begin[span]) / self.length[span], 0, 1)
        eased = (t * t * (3 - 2 * t))[:, None]
        return (self.first[span] + eased * self.change[span]).astype(np.float32)


def _curve(dial: str, value: object, pursuit: bool) -> _Curve:
    if dial == "emotion" and value == AUTO:
        value = {}  # the generator hears it
    if isinstance(value, Mapping) and (dial != "emotion" or any(map(_is_number, value))):
        times = _times(dial, list(value))
        wheres = [f"{dial} at {time:g} s" for time in times]
        values = np.array([_parts(dial, *at) for at in zip(wheres, value.values(), strict=True)])
    else:
        times = np.zeros(1)
        values = np.array([_parts(dial, dial, value)])
    jump = _SACCADE if dial == "gaze" and not pursuit else inf
    begin = np.maximum(times[:-1], times[1:] - jump)
    change = np.nan_to_num(np.diff(values, axis=0))  # to and from free: none, then at once
    still = np.zeros_like(values[:1])
    return _Curve(
        times,
        values,
        np.concatenate([times[:1], begin, times[-1:]]),
        np.concatenate([[1], times[1:] - begin, [1]]),
        np.concatenate([values[:1], values]),
        np.concatenate([still, change, still]),
    )


# --- what a dial may be set to ---


def _times(dial: str, keys: list[object]) -> NDArray[np.float64]:
    """The times of keyframes in seconds, checked."""
    if not keys:
        raise GiocondaError(f"{dial} is empty; give a value or keyframes")
    times: list[float] = []
    for key in keys:
        time = _float(key)
        if not 0 <= time < inf:
            raise GiocondaError(f"{dial} has {brief(key)} where seconds, 0 or more, were expected")
        if times and time <= times[-1]:
            raise GiocondaError(
                f"{dial} has a keyframe at {time:g} s after the one at {times[-1]:g} s; "
                "put them in the order of time"
            )
        times.append(time)
    return np.array(times)


def _parts(dial: str, where: str, value: object) -> list[float]:
    """The parts of one value of a dial, checked, in the units of `Dials`."""
    if dial in _RATIOS:
        return [_number(where, value, *_RATIOS[dial])]
    if dial == "emotion":
        return _strengths(where, value)
    if dial == "gaze":
        if value is None:
            return [nan, nan]
        return [radians(v) for v in _numbers(where, value, "[yaw, pitch] or free", _ANGLES[:2])]
    form = "[yaw, pitch, roll] or [yaw, pitch, roll, x, y]"
    if isinstance(value, list | tuple) and len(value) == 3:
        value = [*value, 0, 0]
    yaw, pitch, roll, x, y = _numbers(where, value, form, _ANGLES + _PLACE)
    return [radians(yaw), radians(pitch), radians(roll), x, y, 0.0]


def _strengths(where: str, value: object) -> list[float]:
    if not isinstance(value, Mapping):
        raise GiocondaError(
            f"{where} must be auto, or emotions with strengths, such as {{happy: 0.6}}, not "
            f"{brief(value)}"
        )
    for name in value:
        if name not in EMOTIONS:
            raise GiocondaError(
                f"{where}: {brief(name)} is none of {', '.join(EMOTIONS)}; neutral is {{}}"
            )
    return [_number(f"{where}: {name}", value.get(name, 0), 0, 1) for name in EMOTIONS]


def _numbers(
    where: str, value: object, form: str, ranges: Sequence[tuple[str, float, float, str]]
) -> list[float]:
    if not isinstance(value, list | tuple) or len(value) != len(ranges):
        raise GiocondaError(f"{where} must be {form}, not {brief(value)}")
    return [
        _number(f"{where}: {name}", part, low, high, unit)
        for part, (name, low, high, unit) in zip(value, ranges, strict=True)
    ]


def _number(where: str, value: object, low: float, high: float, unit: str = "") -> float:
    number = _float(value)
    if not low <= number <= high:
        raise GiocondaError(f"{where} must be from {low:g} to {high:g}{unit}, not {brief(value)}")
    return number


def _float(value: object) -> float:
    """NaN for what is no number."""
    if not _is_number(value):
        return nan
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return inf


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


# --- the file ---


class _Loader(yaml.SafeLoader):
    """Plain YAML: no aliases, anchors or tags, and no key twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
            raise yaml.MarkedYAMLError(
                problem="anchors (&), aliases (*) and tags (!) are not read; write the value out",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{brief(key)} is set twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return mapping


def _read(path: Path) -> dict[str, Any]:
    """The arguments of `Controls`."""
    with path.open("rb") as file:
        text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise GiocondaError(f"larger than {_LARGEST // 1024} KiB, too large for controls")
    found = yaml.load(text, _Loader)
    if not isinstance(found, dict):
        raise GiocondaError(f"expected dials, such as 'distance: 1.2', found {brief(found)}")
    names = [each.name for each in fields(Controls)]
    for name in found:
        if name not in names:
            raise GiocondaError(f"{brief(name)} is not a dial; the dials are {', '.join(names)}")
    if "gaze" in found:
        found["gaze"] = _unfold_free(found["gaze"])
    return found


def _unfold_free(gaze: object) -> object:
    """The file's word for None."""
    if isinstance(gaze, dict):
        return {time: _unfold_free(value) for time, value in gaze.items()}
    return None if gaze == "free" else gaze
