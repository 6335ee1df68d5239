"""Clips of a prepared training set; see docs/data.md."""

import csv
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from gioconda.data.shards import unpack, unpack_track
from gioconda.errors import GiocondaError
from gioconda.face.tracker import Track
from gioconda.media import read_audio, read_video
from gioconda.media.files import write_error


@dataclass(frozen=True)
class Clip:
    """One clip on the disk.

    Attributes:
        name: unique in its set.
        person: whose face it is; no person is in two splits.
        source: the collection that it comes from.
        speech: whether its sound is speech that belongs to the mouth, in step with it.
        sound_late: by how many frames the sound came after its picture before it was brought
            into step.
        video: the mp4 file; the clip's other files lie beside it.
    """

    name: str
    person: str
    source: str
    speech: bool
    sound_late: float
    video: Path

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """The pictures, (H, W, 3) RGB at 25 a second."""
        return iter(read_video(self.video))

    def audio(self) -> NDArray[np.float32]:
        """The sound, (640 T,) 16 kHz mono, in step with the T pictures."""
        return read_audio(self.video.with_suffix(".flac"))

    def measures(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that were measured on the pictures."""
        return unpack(self.video.with_suffix(".npz").read_bytes())

    def heard(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that were measured on the sound."""
        return unpack(self.video.with_suffix(".speech.npz").read_bytes())

    def track(self) -> Track:
        """The dense mesh of the face."""
        return unpack_track(self.measures())


def read_clips(data: Path, split: str, cache: Path) -> list[Clip]:
    """The clips of one split of a prepared set.

    Args:
        data: what `gioconda prepare` made: `clips.csv` and the shards `SPLIT-*.tar`.
        split: "train" or "val".
        cache: a folder for what is taken out of the shards.

    Raises:
        GiocondaError: if the table or the shards are not there.
    """
    table = data / "clips.csv"
    if not table.is_file():
        what = "has no clips.csv" if data.is_dir() else "is not a folder"
        raise GiocondaError(f"{data} {what}; make a set with gioconda prepare")
    with open(table, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"clip", "split", "person", "audio", "source", "shard", "sound_late"} - set(
            reader.fieldnames or ()
        )
        if missing:
            raise GiocondaError(
                f"{table} lacks the columns {', '.join(sorted(missing))}; "
                "make a set of it with gioconda prepare"
            )
        rows = [row for row in reader if row["split"] == split]
    if not rows:
        raise GiocondaError(f"{table} has no clip of the split {split}")
    shards = sorted({row["shard"] for row in rows})
    folders = {shard: _taken_out(data / shard, cache) for shard in shards}
    return [
        Clip(
            name=row["clip"],
            person=row["person"],
            source=row["source"],
            speech=row["audio"] == "speech",
            sound_late=float(row["sound_late"]),
            video=folders[row["shard"]] / f"{row['clip']}.mp4",
        )
        for row in rows
    ]


def _as_it_is(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    return member


def _taken_out(shard: Path, cache: Path) -> Path:
    """A folder of the shard's files, all of them; a shard that changed gets another folder."""
    try:
        status = shard.stat()
    except OSError as error:
        raise GiocondaError(f"{shard} is missing; make the set again") from error
    folder = cache / f"{shard.stem}-{status.st_size:x}-{status.st_mtime_ns:x}"
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache, prefix=f"{shard.stem}-") as own:  # others may be at it
            partial = Path(own) / folder.name
            partial.mkdir()
            with tarfile.open(shard) as tar:
                # Python 3.11 knows filters from 3.11.4 on
                tar.extraction_filter = getattr(tarfile, "data_filter", _as_it_is)
                tar.extractall(partial)
            try:
                partial.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
    except tarfile.TarError as error:
        raise GiocondaError(
            f"{shard} is not a complete shard ({error}); make the set again"
        ) from error
    except OSError as error:
        raise write_error(folder, error) from error
    return folder
