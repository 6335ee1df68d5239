"""A whole report of two people, small in all its parts; `python -m tests.evaluation.small_report
FOLDER` makes it in a process of its own, that can be killed.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gioconda import example
from gioconda.data.clips import Clip
from gioconda.evaluation.everything import run_everything
from gioconda.evaluation.film_scores import Judges
from gioconda.evaluation.parts import Subject
from gioconda.media import Picture
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer
from tests.evaluation.conftest import BASIS, Known

NAMES = ("videos", "rest")
FRAMES = 76


@dataclass(frozen=True)
class Drawn(Known):
    """Who talks, and is seen: the example portrait, moved by what was measured."""

    def heard(self) -> dict[str, Any]:
        return {"own": np.arange(125) < FRAMES}

    def frames(self) -> Iterator[Picture]:
        portrait = make_portrait(example.photo(), 256)
        renderer = Renderer(portrait, lambda frame: None)
        measures: Any = self.measures()
        for row in measures["dynamics"][:FRAMES]:
            dynamics = portrait.expression.copy()
            dynamics[: len(row)] += row
            yield renderer.render(portrait.pose, dynamics).copy()


def subject(folder: Path) -> Subject:
    """Two people, a portrait, and no judge that would have to be installed."""
    clips: list[Clip] = []
    for i in range(2):
        video = folder / f"c{i}.mp4"
        video.with_suffix(".json").write_text(json.dumps({"basis": BASIS.name}))
        clips.append(Drawn(f"c{i}", f"p{i}", "s", True, 0.0, video, i))
    portraits = {"example": make_portrait(example.photo(), 256)}
    return Subject(folder, Path("set"), clips, [], portraits, [], 2, Judges)


def main(folder: Path) -> None:
    """Make it, or go on with it."""
    run_everything(subject(folder), only=NAMES)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
