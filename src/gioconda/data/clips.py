"""Clips of people talking, from WebDataset shards with a table of facts beside them."""

import csv
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face.tracker import Track, track
from gioconda.media import read_audio, read_video
from gioconda.media.files import write_error


@dataclass(frozen=True)
class Clip:
    """One clip on the disk.

    Attributes:
        name: unique among all clips.
        person: whose face it is; no person is in two splits.
        family: where the clip comes from.
        speech: whether its sound is speech that belongs to the mouth.
        video: the mp4 file.
    """

    name: str
    person: str
    family: str
    speech: bool
    video: Path

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """The pictures, (H, W, 3) RGB at 25 a second."""
        return iter(read_video(self.video))

    def audio(self) -> NDArray[np.float32]:
        """The sound, 16 kHz mono."""
        return read_audio(self.video)

    def track(self) -> Track:
        """The dense mesh of the face; found once and kept beside the video."""
        file = self.video.with_suffix(".npz")
        if file.exists():
            with np.load(file) as kept:
                height, width = (int(n) for n in kept["size"])
                return Track(kept["points"], kept["seen"], (height, width))
        found = track(self.frames())
        partial = file.with_suffix(".partial")
        with open(partial, "wb") as out:
            np.savez(out, points=found.points, seen=found.seen, size=found.size)
        partial.rename(file)
        return found


def read_clips(data: Path, split: str, cache: Path) -> list[Clip]:
    """The clips of one split.

    Args:
        data: the folder of `clips.csv` and the shards `SPLIT-*.tar`.
        split: "train" or "val".
        cache: a folder for the videos taken out of the shards, and their tracks.

    Raises:
        GiocondaError: if the table or the shards are not there.
    """
    table = data / "clips.csv"
    shards = sorted(data.glob(f"{split}-*.tar"))
    if not table.is_file() or not shards:
        raise GiocondaError(f"{data} has no clips.csv with {split}-*.tar shards beside it")
    folder = cache / split
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    for shard in shards:
        _take_out(shard, folder)
    with open(table, newline="") as file:
        reader = csv.DictReader(file)
        missing = {"clip", "split", "person", "audio"} - set(reader.fieldnames or ())
        if missing:
            raise GiocondaError(f"{table} lacks the columns {', '.join(sorted(missing))}")
        rows = [row for row in reader if row["split"] == split]
    return [
        Clip(
            name=row["clip"],
            person=row["person"],
            family=row["clip"].rsplit("-", 1)[0],
            speech=row["audio"] == "speech",
            video=folder / f"{row['clip']}.mp4",
        )
        for row in rows
    ]


def _take_out(shard: Path, folder: Path) -> None:
    """The shard's videos that the folder lacks; each is whole or absent."""
    try:
        with tarfile.open(shard) as tar:
            for member in tar:
                target = folder / Path(member.name).name
                content = tar.extractfile(member)
                if content is not None and target.suffix == ".mp4" and not target.exists():
                    partial = target.with_suffix(".partial")
                    partial.write_bytes(content.read())
                    partial.rename(target)
    except tarfile.TarError as error:
        raise GiocondaError(f"{shard} is no whole shard ({error}); fetch it again") from error
    except OSError as error:
        raise write_error(folder, error) from error
