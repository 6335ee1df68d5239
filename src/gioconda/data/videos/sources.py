"""The videos that a training set is made of, and what is known of them."""

import csv
import hashlib
import os
import re
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gioconda.errors import GiocondaError

SUFFIXES: Final = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .mts .wmv .flv .ogv .3gp".split()  # noqa: SIM905
)
# Columns of a table; only the first must be there.
# fmt: off
COLUMNS: Final = (
    "clip", "person", "split", "licence", "source", "address", "commit", "audio", "language",
    "emotion", "transcript",
)
# fmt: on
_PLACE: Final = ("repo", "path")  # columns that give an address where there is no other
SPLITS: Final = ("train", "val", "test")
_CLOSE: Final = 0.75  # likeness of two words of which one is a slip
_NO_SPEECH: Final = "none"
_NUMBER: Final = re.compile(r"-\d{3,}$")  # of a clip, after the name of its video


@dataclass(frozen=True)
class Video:
    """One video to be prepared.

    Attributes:
        name: unique in the set; letters, digits, dashes and underscores.
        path: the file, or the tar file that holds it.
        person: whose face it shows; all of a person go to one split.
        source: the collection that it comes from; sound and picture are brought together by
            source where a clip is too short to tell by itself.
        licence: as an SPDX name where there is one, else empty.
        address: where it was got from, with the commit if it is in a repository.
        member: its name within the tar file, or None.
        split: one of `SPLITS`; empty while none is chosen.
        speech: False if the source says that its sound is no usable speech.
        language, emotion, transcript: as the source says, or empty.
    """

    name: str
    path: Path
    person: str
    source: str
    licence: str
    address: str
    member: str | None = None
    split: str = ""
    speech: bool = True
    language: str = ""
    emotion: str = ""
    transcript: str = ""

    @contextmanager
    def file(self) -> Iterator[Path]:
        """The video as a file of its own, while the block lasts.

        Raises:
            GiocondaError: if it is not there.
        """
        if self.member is None:
            yield self.path
            return
        with TemporaryDirectory(prefix="gioconda-") as folder:
            copy = Path(folder) / Path(self.member).name
            try:
                with tarfile.open(self.path) as tar:
                    content = tar.extractfile(self.member)
                    if content is None:
                        raise KeyError(self.member)
                    copy.write_bytes(content.read())
            except (OSError, KeyError, tarfile.TarError) as error:
                raise GiocondaError(f"{self.path} does not hold {self.member}") from error
            yield copy


def read_sources(sources: Sequence[Path], val: float = 0.05, licence: str = "") -> list[Video]:
    """All videos of folders, files, lists and tables, sorted by name.

    A folder is searched through; its folders of the first level are taken for persons where
    it has any, else each video is a person of its own. A .txt file holds a path on each line,
    and its folders below the list's own count likewise, a .csv file the columns of `COLUMNS`; paths
    in both are from the file's folder, and a clip of a table may also be in a tar file beside it.

    Args:
        sources: what to read.
        val: the share of persons that goes to "val" where no split is given, 0 to 1.
        licence: of those videos that no table gives one for.

    Raises:
        GiocondaError: if a source is missing or holds no video, if two videos have one name,
            or if a person is in two splits.
    """
    videos: list[Video] = []
    for source in sources:
        found = list(_read(source, licence))
        if not found:
            raise GiocondaError(
                f"{source} has no video; expected files that end in {', '.join(sorted(SUFFIXES))}"
            )
        videos += found
    given = {video.person: video.split for video in videos if video.split}
    videos = [
        v if v.split else replace(v, split=given.get(v.person) or _split(v.person, val))
        for v in videos
    ]
    _check_names(videos)
    _check_persons(videos)
    return sorted(videos, key=lambda video: video.name)


def _read(source: Path, licence: str) -> Iterator[Video]:
    if source.is_dir():
        for file in sorted(source.rglob("*")):
            within = file.relative_to(source)
            if _is_video(file) and not any(part.startswith(".") for part in within.parts):
                yield _video(file, within, source.resolve().name, licence)
    elif not source.is_file():
        raise GiocondaError(f"{source} does not exist; expected a folder, a video or a table")
    elif source.suffix.lower() == ".csv":
        yield from _read_table(source, licence)
    elif source.suffix.lower() == ".txt":
        for line in _lines(source):
            file = source.parent / line
            within = Path(os.path.relpath(file, source.parent))
            if within.parts[0] == "..":
                within = Path(file.name)
            yield _video(file, within, source.stem, licence)
    else:
        yield _video(source, Path(source.name), source.resolve().parent.name, licence)


def _is_video(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and file.is_file()


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GiocondaError(f"{file} is not a list in UTF-8 ({error})") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _video(file: Path, within: Path, source: str, licence: str) -> Video:
    """A video of which only the place in its folder is known: `within`."""
    return Video(
        name=_word("-".join(within.with_suffix("").parts)),
        path=file,
        person=_word(within.parts[0] if len(within.parts) > 1 else within.stem),
        source=source,
        licence=licence,
        address=within.as_posix(),
    )


def _read_table(table: Path, licence: str) -> Iterator[Video]:
    rows = _rows(table)
    members = {
        known: (shard, name)
        for shard in sorted(table.parent.glob("*.tar"))
        for name in _members(shard)
        for known in (name, Path(name).stem)
    }
    for row in rows:
        path, member = table.parent / row["clip"], None
        if not _is_video(path) and row["clip"] in members:
            path, member = members[row["clip"]]
        yield _listed(row, table, path, member, licence)


def _rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table, each with all of `COLUMNS`; what is not known is empty."""
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            heads = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GiocondaError(f"{table} is not a CSV table ({error})") from error
    if "clip" not in heads:
        raise GiocondaError(
            f"{table} has the columns {', '.join(heads) or 'none'}; expected at least 'clip', "
            f"and of {', '.join(COLUMNS[1:])} those that are known, with commas between them"
        )
    for head in heads:
        like = get_close_matches(head.strip().lower(), set(COLUMNS) - set(heads), 1, _CLOSE)
        if head not in COLUMNS and like:
            raise GiocondaError(f"{table} has the column '{head}'; is '{like[0]}' meant?")
    found = [{name: (row.get(name) or "").strip() for name in (*COLUMNS, *_PLACE)} for row in rows]
    for row in found:
        if row["split"] not in ("", *SPLITS):
            raise GiocondaError(
                f"{table}: {row['clip']} is in the split '{row['split']}', expected one of "
                f"{', '.join(SPLITS)}, or nothing"
            )
    return found


def _listed(
    row: Mapping[str, str], table: Path, path: Path, member: str | None, licence: str
) -> Video:
    """The video of a row."""
    clip, commit = row["clip"], row["commit"]
    stem = str(Path(clip).with_suffix("")) if Path(clip).suffix.lower() in SUFFIXES else clip
    name = _word(stem.replace("/", "-"))
    address = row["address"] or "/".join(filter(None, (row[part] for part in _PLACE)))
    return Video(
        name=name,
        path=path,
        member=member,
        person=_word(row["person"] or name),
        split=row["split"],
        source=row["source"] or row["repo"] or table.stem,
        licence=row["licence"] or licence,
        address=f"{address or clip}{'@' if commit else ''}{commit}",
        speech=row["audio"].lower() != _NO_SPEECH,
        language=row["language"],
        emotion=row["emotion"],
        transcript=row["transcript"],
    )


def _members(shard: Path) -> list[str]:
    try:
        with tarfile.open(shard) as tar:
            return [name for name in tar.getnames() if Path(name).suffix.lower() in SUFFIXES]
    except (OSError, tarfile.TarError) as error:
        raise GiocondaError(
            f"{shard} is not a complete tar file ({error}); fetch it again"
        ) from error


def _split(person: str, val: float) -> str:
    """A person's split, the same on every machine and whoever else is in the set."""
    number = int.from_bytes(hashlib.sha256(person.encode()).digest()[:8], "big")
    return "val" if number < val * 2**64 else "train"


def _word(text: str) -> str:
    """A text as a name in shards, which end a name at its first dot: letters, digits, -, _.

    With letters beyond ASCII, its hash keeps it apart from others.
    """
    word = re.sub(r"[^\w-]+", "_", text, flags=re.ASCII).strip("_-") or "unnamed"
    if text.isascii():
        return word
    normal = unicodedata.normalize("NFC", text)
    return f"{word}-{hashlib.sha256(normal.encode(errors='surrogateescape')).hexdigest()[:8]}"


def _check_names(videos: Sequence[Video]) -> None:
    counts = Counter(video.name for video in videos)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise GiocondaError(
            f"{len(twice)} names occur twice, such as {twice[0]}; give each video its own name, "
            "or prepare the sources one by one"
        )
    parts = sorted(
        name for name in counts if name != (of := _NUMBER.sub("", name)) and of in counts
    )
    if parts:
        raise GiocondaError(
            f"{len(parts)} videos have names that another video's clips would get, such as "
            f"{parts[0]}; rename them"
        )


def _check_persons(videos: Sequence[Video]) -> None:
    splits: dict[str, set[str]] = {}
    for video in videos:
        splits.setdefault(video.person, set()).add(video.split)
    mixed = sorted(person for person, found in splits.items() if len(found) > 1)
    if mixed:
        raise GiocondaError(
            f"{len(mixed)} person(s) are in more than one split, such as {mixed[0]} "
            f"({', '.join(sorted(splits[mixed[0]]))}); a person belongs to one split"
        )
