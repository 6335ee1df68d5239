"""Golden pictures: what the bundled example and a training scene look like, to the bit.

    python -m tests.golden record FILE     before a change
    python -m tests.golden check FILE      after it: names what differs, and fails
    python -m tests.golden sample          a change was wanted: writes golden.npz anew

Digests hold for one machine and its libraries. `golden.npz` beside this file samples the same
values and holds everywhere, within a tolerance: `tests/test_golden.py`.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gioconda import Animator, Controls, example, make_portrait
from gioconda.data.samples.looks import Look
from gioconda.data.samples.scenes import UNPAIRED, Choice, make_scene
from gioconda.face.basis import released_basis
from gioconda.face.tracker import track
from gioconda.generator import BaselineGenerator, Generator
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

FILE = Path(__file__).with_name("golden.npz")
_SAMPLES = 5000
_SECONDS = 2
_EVERY = 10  # frames, of those that are kept as pictures
_CONTROLS = Controls(
    gaze={0: (0, 0), 1: (15, -5)},
    emotion={"happy": 0.5},
    distance={0: 1, 1: 1.2},
    amplitude=1.3,
    pose=(5, 0, 3, 0, 0),
)


def golden() -> dict[str, NDArray[np.generic]]:
    """Everything that must stay as it is, by name."""
    photo, voice = example.photo(), example.voice(_SECONDS)
    portrait = make_portrait(photo, 512)
    frames = np.stack([frame.copy() for frame in Animator(portrait).speak(voice)])
    whole = Animator(make_portrait(photo, None), seed=1, controls=_CONTROLS, full=True)
    full = next(iter(whole.speak(voice))).copy()
    return {
        "frames": frames[::_EVERY],
        "all frames": frames,
        "full": full,
        **_motions(voice),
        **_scene(portrait),
    }


def _motions(voice: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    found = {}
    makers: dict[str, Generator | BaselineGenerator] = {
        "motion": Generator(seed=3),
        "dialled motion": Generator(seed=4, controls=_CONTROLS),
        "baseline motion": BaselineGenerator(seed=5),
    }
    for name, generator in makers.items():
        parts = [generator.append(voice), generator.finish()]
        for field in ("pose", "dynamics"):
            whole = np.concatenate([getattr(part, field) for part in parts])
            found[f"{name}: {field}"] = whole
    return found


def _scene(portrait: Portrait) -> dict[str, NDArray[np.generic]]:
    renderer = Renderer(portrait)
    frames = {}
    for i in range(5):
        dynamics = portrait.expression * (1 - 0.3 * i)
        dynamics[portrait.basis.lower.start + np.arange(3)] += 0.6 * i
        pose = portrait.pose + np.array([0.06 * i, -0.03 * i, 0.02 * i, 0, 0, 0])
        frames[i] = renderer.render(pose, dynamics).copy()
    points = track(frames.values()).points
    neutral = released_basis().identify(points)
    unpaired = np.resize(points[[1, 4]], (UNPAIRED, *points.shape[1:]))
    look = Look("faded", 0.6, 1.0, 7)
    scene = make_scene(Choice(frames, points, neutral, 0, [1, 2, 3, 4], unpaired), 256, look)
    named = {"warped" if name == "base" else name: field for name, field in vars(scene).items()}
    return {f"scene: {name}": field for name, field in named.items()}


def digests() -> dict[str, str]:
    """A digest for each of them."""
    return {
        name: hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        for name, value in golden().items()
    }


def samples(values: dict[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
    """A few thousand numbers of each of them."""
    return {
        name: value.ravel()[:: max(1, value.size // _SAMPLES)].astype(np.float32)
        for name, value in values.items()
    }


def main() -> int:
    what, *rest = sys.argv[1:]
    if what == "sample":
        np.savez_compressed(FILE, **samples(golden()))  # type: ignore[arg-type]
        return 0
    file = Path(rest[0])
    now = digests()
    if what == "record":
        file.write_text(json.dumps(now, indent=1))
        return 0
    before = json.loads(file.read_text())
    changed = [name for name in before if now.get(name) != before[name]]
    print(f"differ: {', '.join(changed)}" if changed else f"all {len(before)} are the same")
    return bool(changed)


if __name__ == "__main__":
    sys.exit(main())
