"""Many videos by one command: which photo speaks with which voice, and where each video goes."""

import csv
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gioconda.cli.progress import progress_bar
from gioconda.errors import GiocondaError
from gioconda.media.formats import FORMATS, PNG

if TYPE_CHECKING:
    from gioconda.animator import Animation
    from gioconda.portrait import Portrait


class Pair(NamedTuple):
    """One video that is to be made."""

    photo: Path
    voice: Path
    output: str


def pairs_of(photo: Path, voices: Iterable[Path], folder: Path, form: str) -> list[Pair]:
    """One photo with each of several voices, whose names the videos of a format get.

    Raises:
        GiocondaError: if two videos would have the same name.
    """
    return _checked([Pair(photo, voice, _output(folder, voice.stem, form)) for voice in voices])


def read_pairs(file: Path, folder: Path, form: str) -> list[Pair]:
    """The pairs of a table.

    Args:
        file: CSV whose first line names its columns: photo, voice and, if wished, output, the
            video's name. Names are relative to the table's folder. Without a name a video is
            called PHOTO-VOICE.
        folder: for the videos.
        form: the format of those without a name.

    Raises:
        GiocondaError: if the file is no such table, or two videos would have the same name.
    """
    try:
        with open(file, encoding="utf-8-sig", newline="") as text:
            rows = list(csv.DictReader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise GiocondaError(f"{file} is not a table of pairs ({reason}); expected CSV") from error
    if not rows:
        raise GiocondaError(f"{file} has no pair; expected a line photo,voice and one for each")
    columns = [name for name in rows[0] if name]
    if not {"photo", "voice"} <= set(columns):
        raise GiocondaError(
            f"{file} has the columns {', '.join(columns)}; expected photo,voice in its first line"
        )
    pairs = []
    for line, row in enumerate(rows, start=2):
        photo, voice = row.get("photo"), row.get("voice")
        if not photo or not voice:
            raise GiocondaError(f"{file} has no photo or no voice in line {line}; expected both")
        stem = f"{Path(photo).stem}-{Path(voice).stem}"
        name = row.get("output")
        output = os.path.join(folder, name) if name else _output(folder, stem, form)
        pairs.append(Pair(file.parent / photo, file.parent / voice, output))
    return _checked(pairs)


def _output(folder: Path, stem: str, form: str) -> str:
    return os.path.join(folder, f"{stem}/" if form == PNG.name else f"{stem}.{form}")


def _checked(pairs: list[Pair]) -> list[Pair]:
    name, times = Counter(pair.output for pair in pairs).most_common(1)[0]
    if times > 1:
        raise GiocondaError(
            f"{times} videos would be called {name}; rename the voices, or name the videos in the "
            "column output of --pairs"
        )
    return pairs


def animate_pairs(
    pairs: Sequence[Pair], workers: int, options: Mapping[str, Any], ray: str | None = None
) -> None:
    """Make the videos, say each, and go on after one that fails.

    Args:
        pairs: which.
        workers: processes that make them; with 1 it is this one.
        options: of `gioconda.animate`, for all.
        ray: address of a Ray cluster whose workers make them instead.

    Raises:
        GiocondaError: if one or more have failed, or a folder cannot be made.
    """
    start, failed, frames = time.perf_counter(), 0, 0
    for folder in {Path(pair.output).parent for pair in pairs}:
        if folder.suffix[1:] in FORMATS and not folder.is_dir():
            raise GiocondaError(f"{folder} is to hold several videos; name a folder instead")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GiocondaError(f"{folder} cannot be made: {error.strerror}") from error
    done = 0
    try:
        with progress_bar("videos") as report:
            for done, (index, made) in enumerate(_made(pairs, workers, options, ray), start=1):
                output = pairs[index].output
                if isinstance(made, str):
                    failed += 1
                    print(f"gioconda: error: {output}: {made}", file=sys.stderr)
                else:
                    frames += made.frames
                    if made.note:
                        print(f"gioconda: note: {output}: {made.note}", file=sys.stderr)
                report(done, len(pairs))
    except KeyboardInterrupt as stopped:
        of_one = [str(stopped)] if str(stopped) else []  # what is kept of the one in the making
        stopped.args = ("; ".join([f"{done} of {len(pairs)} videos are done", *of_one]),)
        raise
    _conclude(len(pairs) - failed, frames, time.perf_counter() - start)
    if failed:
        raise GiocondaError(f"{failed} of {len(pairs)} videos were not made; see above")


def _conclude(videos: int, frames: int, seconds: float) -> None:
    from gioconda.media import FPS

    print(f"{videos} videos, {frames / FPS:.1f} s in {seconds:.1f} s")


def _made(
    pairs: Sequence[Pair], workers: int, options: Mapping[str, Any], ray: str | None
) -> "Iterator[tuple[int, Animation | str]]":
    """The index of each as it ends, and what was made, or why not."""
    if ray is None and (workers == 1 or len(pairs) == 1):
        for index, pair in enumerate(pairs):
            yield index, animate_pair(pair, options)
        return
    from gioconda.data.videos.workers import run_here, run_ray

    if ray is None:
        ended = run_here(animate_pair, [(p, options) for p in pairs], min(workers, len(pairs)))
    else:
        ended = run_ray(animate_pair, [(_from_here(p), options) for p in pairs], ray)
    for index, made in ended:
        yield index, made or "its worker was killed again and again; try fewer workers"


def _from_here(pair: Pair) -> Pair:
    """With names that mean the same wherever a worker runs."""
    output = os.path.join(os.getcwd(), pair.output)  # a slash at its end stays
    return Pair(pair.photo.absolute(), pair.voice.absolute(), output)


def animate_pair(pair: Pair, options: Mapping[str, Any]) -> "Animation | str":
    """One video, in a process that keeps networks and the last portraits; or why it failed."""
    from gioconda.animator import animate

    try:
        return animate(*pair, make=_portrait, **options)
    except GiocondaError as error:
        return str(error)


@lru_cache(maxsize=2)
def _portrait(photo: str, size: int | None, face: int | None, anyway: bool) -> "Portrait":
    from gioconda.portrait import read_portrait

    return read_portrait(photo, size, face, anyway)
