"""Dials of a session: constants as JSON gives them, and the glide to where they are set."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import AUTO, EMOTIONS, Controls
from gioconda.errors import GiocondaError
from gioconda.media import FPS

_NAMES: Final = ("gaze", "distance", "emotion", "amplitude", "articulation", "blinks", "pose")
_GLIDE, _GLANCE = 0.2, 0.08  # seconds that dials and eyes take to where they are set


class DialError(GiocondaError):
    """There is no such dial, or it cannot be set to that."""


def constant(dials: Mapping[str, Any]) -> Controls:
    """Controls of constants, as JSON gives them. Raises DialError."""
    for name, value in dials.items():
        if name not in _NAMES:
            raise DialError(f"{name!r:.40} is not a dial; the dials are {', '.join(_NAMES)}")
        if isinstance(value, Mapping) and name != "emotion":
            raise DialError(f"{name} must be constant, keyframes are for files")
    given = dict(dials)
    if given.get("gaze") == "free":
        given["gaze"] = None
    try:
        return Controls(**given)
    except GiocondaError as error:
        raise DialError(str(error)) from error


def glide(before: Controls, after: Controls, frame: int) -> Controls:
    """From where the dials are in a frame to where they are to be."""
    now = frame / FPS
    start, end = before.at(frame, frame + 1), after.at(0, 1)
    slow, quick = now + _GLIDE, now + _GLANCE
    return Controls(
        gaze={now: _gaze(start.gaze[0]), quick: _gaze(end.gaze[0])},
        distance={now: float(start.distance[0]), slow: float(end.distance[0])},
        emotion=AUTO
        if after.emotion == AUTO
        else {now: _emotion(start.emotion[0]), slow: _emotion(end.emotion[0])},
        amplitude={now: float(start.amplitude[0]), slow: float(end.amplitude[0])},
        articulation={now: float(start.articulation[0]), slow: float(end.articulation[0])},
        blinks=float(end.blinks[0]),
        pose={now: _pose(start.pose[0]), slow: _pose(end.pose[0])},
        pursuit=True,
    )


def _gaze(values: NDArray[np.float32]) -> tuple[float, float] | None:
    if np.isnan(values).any():
        return None
    yaw, pitch = np.clip(np.degrees(values.astype(float)), -30, 30).tolist()
    return yaw, pitch


def _emotion(values: NDArray[np.float32]) -> dict[str, float]:
    return dict(zip(EMOTIONS, values.astype(float).tolist(), strict=True))


def _pose(values: NDArray[np.float32]) -> tuple[float, ...]:
    degrees = np.clip(np.degrees(values[:3].astype(float)), -30, 30)
    return (*degrees.tolist(), *np.clip(values[3:5].astype(float), -1, 1).tolist())
