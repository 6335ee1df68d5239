"""Heads as a prepared set: short, silent clips of them, tracked as videos of people are.

What learns from clips learns from these, too, and what is measured on clips can be measured on
heads that never teach.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.heads.drawing import Camera, Drawn, draw
from gioconda.data.heads.head import Head, Pose, head_files, read_head
from gioconda.data.heads.pairs import at_rest, draw_look, draw_weights, held, looking
from gioconda.data.heads.regions import Region
from gioconda.data.shards import Sample, Shard, pack, pack_track, write_shards
from gioconda.errors import GiocondaError
from gioconda.face.tracker import track
from gioconda.media import VideoWriter
from gioconda.media.files import write_error

FRAMES: Final = 75
_SIZE: Final = 512
_CLIPS: Final = 2  # of a head
_HOLD: Final = (4, 11)  # frames from one pose to the next, at least and under
_TURN: Final = np.radians([9.0, 6.0, 4.0])  # spread of yaw, pitch and roll about the clip's own
PARTS: Final = {
    "upper teeth": (Region.UPPER_TEETH,),
    "lower teeth": (Region.LOWER_TEETH,),
    "tongue": (Region.TONGUE,),
}


def prepare_heads(
    heads: Path, output: Path, report: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Draw all heads of a folder into shards as `gioconda prepare` makes them of videos.

    Heads that never teach are the split "val". Each clip begins at rest or with a smile and goes
    from one pose to another in one light. Beside the track lie `parts`, (T, 3, H, W) bits packed
    along the last axis: where upper teeth, lower teeth and tongue are seen.

    Args:
        heads: folder of heads, see docs/heads.md.
        output: folder for `clips.csv`, `manifest.json` and the shards; it must be new or empty.
        report: called with heads done and heads in all.

    Returns:
        The manifest: shards with their hashes, and counts.

    Raises:
        GiocondaError: if there are no heads, or the folder is not empty or cannot be written.
    """
    splits = {"train": head_files(heads, False), "val": head_files(heads, True)}
    count, done = sum(map(len, splits.values())), 0

    def samples(split: str) -> Iterator[Sample]:
        nonlocal done
        for file in splits[split]:
            head = read_head(file)
            for number in range(_CLIPS):
                yield f"{file.stem}-{number}".lower(), _files(head, file.stem, number)
            done += 1
            report(done, count)

    try:
        output.mkdir(parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise GiocondaError(f"{output} is not empty; give a new folder for the heads' clips")
        shards = {one: write_shards(samples(one), output, one) for one in splits}
        rows = _table(shards)
        with open(output / "clips.csv", "w", newline="", encoding="utf-8") as out:
            table = csv.DictWriter(out, rows[0], lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        manifest: dict[str, Any] = {
            "kind": "heads",
            "shards": [
                {"file": shard.file, "size": shard.size, "sha256": shard.sha256}
                for shard in chain(*shards.values())
            ],
            "figures": {"heads": count, "clips": len(rows), "frames": FRAMES * len(rows)},
        }
        (output / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    except OSError as error:
        raise write_error(output, error) from error
    return manifest


def _table(shards: Mapping[str, Sequence[Shard]]) -> list[dict[str, str]]:
    """The rows of clips.csv."""
    return [
        {
            "clip": name,
            "split": split,
            "person": name.rpartition("-")[0],
            "source": "heads",
            "licence": "MIT",
            "audio": "none",
            "sound_late": "0",
            "shard": shard.file,
        }
        for split, written in shards.items()
        for shard in written
        for name in shard.names
    ]


def _files(head: Head, name: str, number: int) -> dict[str, bytes]:
    """A clip's files by their endings."""
    digest = hashlib.sha256(f"{name} {number}".encode()).digest()
    drawn = list(draw_clip(head, np.random.default_rng(list(digest[:8]))))
    frames = [one.picture for one in drawn]
    parts = np.stack([[one.mask(regions) > 127 for regions in PARTS.values()] for one in drawn])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        with VideoWriter(file, _SIZE, _SIZE, None) as video:
            for frame in frames:
                video.write(frame)
        measures = {**pack_track(track(frames)), "parts": np.packbits(parts, axis=-1)}
        return {"mp4": file.read_bytes(), "npz": pack(measures)}


def draw_clip(head: Head, rng: np.random.Generator) -> Iterator[Drawn]:
    """The `FRAMES` frames of a clip.

    Args:
        head: whom.
        rng: decides pose, light, colours and lens.
    """
    look = draw_look(rng, _SIZE)
    middle = float(rng.normal(0, 0.05)), float(rng.uniform(0.0, 0.3))
    camera = Camera(_SIZE, float(rng.uniform(4.2, 5.0)), float(rng.uniform(8, 32)), middle)
    for i, pose in enumerate(_poses(rng)):
        yield draw(head, pose, replace(look, seed=look.seed + i), camera)


def _poses(rng: np.random.Generator) -> Iterator[Pose]:
    """From pose to pose, gently."""
    turn = rng.normal(0, 1, 3) * _TURN * (rng.random() < 0.7)
    last, made = Pose(at_rest(rng), looking(rng, 0.5), held(turn)), 0
    while made < FRAMES:
        then = Pose(draw_weights(rng), looking(rng), held(turn + rng.normal(0, 1, 3) * _TURN))
        steps = int(rng.integers(*_HOLD))
        for t in np.arange(steps)[: FRAMES - made] / steps:
            yield _between(last, then, float((1 - np.cos(np.pi * t)) / 2))
        last, made = then, made + steps


def _between(a: Pose, b: Pose, part: float) -> Pose:
    def mix(x: float, y: float) -> float:
        return (1 - part) * x + part * y

    names = {*a.weights, *b.weights}
    weights = {n: mix(a.weights.get(n, 0.0), b.weights.get(n, 0.0)) for n in sorted(names)}
    gaze = mix(a.gaze[0], b.gaze[0]), mix(a.gaze[1], b.gaze[1])
    yaw, pitch, roll = (mix(x, y) for x, y in zip(a.turn, b.turn, strict=True))
    return Pose(weights, gaze, (yaw, pitch, roll))


def parts_of(measures: dict[str, NDArray[np.generic]]) -> NDArray[np.bool_] | None:
    """Where each of `PARTS` is seen in a head's clip, (T, 3, H, W); None of people's.

    Args:
        measures: `Clip.measures()`.
    """
    if "parts" not in measures:
        return None
    packed = np.asarray(measures["parts"], np.uint8)
    return np.unpackbits(packed, axis=-1, count=int(measures["size"][1])).astype(bool)
