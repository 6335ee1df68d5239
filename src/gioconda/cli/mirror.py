"""``gioconda evaluate videos, all, compare, judges, faults, figures``: how lifelike it is."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gioconda.cli.options import CLIPS, JSON, Commands, option, positive, read_sentences, read_split
from gioconda.cli.pictures import read_portraits
from gioconda.cli.progress import progress_bar
from gioconda.cli.table import headings, measure_rows, named_rows, show

if TYPE_CHECKING:
    from gioconda.evaluation.parts import Subject
    from gioconda.evaluation.systems import VideosResult
    from gioconda.evaluation.verdicts import Verdict

MIRROR = Commands(JSON)
_JUDGE = option("--judge FILE", Path, "the sync judge (default: the one of the checkout)")
_LANDMARKER = option(
    "--landmarker FILE", Path, "MediaPipe's face_landmarker.task: blendshapes as one more judge"
)


@MIRROR.offer(
    "finished videos of any system",
    option("folder", Path, "a system's videos; several stand side by side", nargs="+"),
    option(
        "--voices FOLDER",
        Path,
        "the voices that drove them, by name (default: the videos' own sound)",
    ),
    option("--real FOLDER", Path, "real videos of the same names, where they are known"),
    _JUDGE,
    _LANDMARKER,
)
def _videos(args: argparse.Namespace) -> None:
    from gioconda.evaluation.film_scores import Judges
    from gioconda.evaluation.films import find_videos
    from gioconda.evaluation.systems import REAL, evaluate_videos

    places = {REAL: find_videos(args.real, args.voices)} if args.real else {}
    places |= {folder.resolve().name: find_videos(folder, args.voices) for folder in args.folder}
    with progress_bar("videos") as report:
        judges = Judges.installed(args.judge, args.landmarker)
        result = evaluate_videos(places, judges, report=report)
    show_videos(result, args.json)


def show_videos(result: "VideosResult", as_json: bool) -> None:
    """Print the table of systems, or one JSON object."""
    import sys

    from gioconda.evaluation.film_scores import FilmScores
    from gioconda.evaluation.naturalness import MotionDistance
    from gioconda.evaluation.picture_features import PictureDistance

    systems = list(result.systems.values())
    rows = measure_rows(FilmScores, [one.scores for one in systems])
    rows += measure_rows(MotionDistance, [one.motion for one in systems])
    rows += measure_rows(PictureDistance, [one.pictures for one in systems])
    counts = "; ".join(
        f"{name}: {len(one.clips)} videos of {one.people} people"
        for name, one in result.systems.items()
    )
    title = (
        f"Finished videos, means over people ({counts})\nlips meet under {result.threshold:.2f} % "
        f"of the inter-ocular distance; phones by {result.phones}"
    )
    for why in result.missing:
        print(f"left out: {why}", file=sys.stderr)
    show(result, as_json, title, ["", *result.systems], rows)


@MIRROR.offer(
    "whether the judges notice real videos that were spoiled",
    option("folder", Path, "real videos, in folders of people"),
    option("--voices FOLDER", Path, "what they say, by name (default: the videos' own sound)"),
    _JUDGE,
)
def _judges(args: argparse.Namespace) -> None:
    from gioconda.evaluation.film_scores import Judges
    from gioconda.evaluation.films import find_videos
    from gioconda.evaluation.validity import try_judges

    with progress_bar("judges") as report:
        judges = Judges.installed(args.judge)
        result = try_judges(find_videos(args.folder, args.voices), judges, report)
    show_verdicts(result, args.json)


def show_verdicts(result: "list[Verdict]", as_json: bool) -> None:
    """Print what the judges say of spoiled videos, or one JSON list."""
    from gioconda.evaluation.report_tables import JUDGE_HEADS, judge_rows
    from gioconda.evaluation.results import to_json

    title = "Judges on real videos, and on the same ones spoiled"
    show(result, as_json, title, JUDGE_HEADS, judge_rows(to_json(result)))


# --- everything ---


@MIRROR.offer(
    "everything, in one page and one JSON; a stopped run continues",
    *CLIPS,
    option("-o --output FOLDER", Path, "the report's folder", required=True),
    option("--clips N", positive, "how many to make into videos (default: 24); fewer are a trial"),
    option("--only PART", str, "only these parts", nargs="+", default=[]),
    option("--portraits FOLDER", Path, "folder of pictures to move (default: the bundled one)"),
    option("--spoken SET", Path, "a set of `gioconda prepare --tts`: more phones"),
    _JUDGE,
    _LANDMARKER,
)
def _all(args: argparse.Namespace) -> None:
    import json

    from gioconda.errors import GiocondaError
    from gioconda.evaluation.everything import RUN, run_everything
    from gioconda.evaluation.page import write_page
    from gioconda.evaluation.parts import PARTS
    from gioconda.media.files import write_error

    if unknown := set(args.only) - set(PARTS):
        raise GiocondaError(f"{sorted(unknown)[0]} is not a part; the parts are {', '.join(PARTS)}")
    try:
        args.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(args.output, error) from error
    with progress_bar("parts") as report:
        result = run_everything(_subject(args), args.only, report)
    page = write_page(result, json.loads((args.output / RUN).read_text()), args.output)
    print(json.dumps(result) if args.json else f"{page}: {', '.join(result['parts'])}")


def _subject(args: argparse.Namespace) -> "Subject":
    from gioconda.evaluation.film_scores import Judges
    from gioconda.evaluation.parts import CLIPS as USUAL
    from gioconda.evaluation.parts import Subject
    from gioconda.example import PHOTO

    return Subject(
        folder=args.output,
        data=args.data,
        held_out=read_split(args, "val"),
        others=read_split(args, "train"),
        portraits=read_portraits([args.portraits or PHOTO]),
        sentences=read_sentences(args),
        count=args.clips or USUAL,
        find_judges=lambda: Judges.installed(args.judge, args.landmarker),
    )


@MIRROR.offer(
    "what changed from one result to another",
    option("before", Path, "JSON of `gioconda evaluate all`, `videos` or another"),
    option("after", Path, "of the same command"),
    option("--moved", bool, "only figures whose 95 %% interval leaves 0 out"),
)
def _compare(args: argparse.Namespace) -> None:
    from gioconda.evaluation.comparison import compare
    from gioconda.evaluation.results import write

    found = compare(_read_json(args.before), _read_json(args.after))
    shown = [one for one in found if one.moved or not args.moved]
    rows = [
        [
            one.figure,
            *(f"{value:.4g}" for value in (one.before, one.after)),
            f"{one.difference:+.3g}",
            f"{write(one.low, '+.3g')} to {write(one.high, '+.3g')}" if one.people else "",
            "moved" if one.moved else "",
        ]
        for one in shown
    ]
    title = "Differences; 95 % intervals by bootstrap over people, where people are known"
    show(shown, args.json, title, ["", "before", "after", "difference", "95 %", ""], rows)


def _read_json(path: Path) -> dict[str, Any]:
    import json

    from gioconda.errors import GiocondaError
    from gioconda.media.files import check_readable

    check_readable(path)
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise GiocondaError(f"{path} is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise GiocondaError(f"{path} is not a result; expected an object of `gioconda evaluate`")
    return found


def _read_record(path: Path) -> dict[str, Any]:
    from gioconda.errors import GiocondaError

    found = _read_json(path)
    if not {"command", "found"} <= found.keys():
        raise GiocondaError(f"{path} is not a record; make one with `gioconda evaluate record`")
    return found


@MIRROR.offer(
    "faults of pictures: seams, torn triangles, mirrored edges, ghosts",
    option("pictures", Path, "portraits to move, or folders", metavar="PICTURE", nargs="+"),
)
def _faults(args: argparse.Namespace) -> None:
    from gioconda.evaluation.faults import Faults, evaluate_faults
    from gioconda.evaluation.results import counted

    result = {}
    with progress_bar("portraits") as report:
        for name, portrait in counted(read_portraits(args.pictures).items(), report):
            result[name] = evaluate_faults(portrait)
    title = "Faults of a portrait that moves, against the portrait at rest"
    show(result, args.json, title, ["", *headings(Faults)], named_rows(result))


@MIRROR.offer(
    "the JSON of another command with machine, commit and date, for `figures`",
    option("words", str, "after --: one that knows --json", metavar="COMMAND", nargs="+"),
    option("-o --output FILE", Path, "the .json to write", required=True),
)
def _record(args: argparse.Namespace) -> None:
    import json
    import subprocess
    import sys

    from gioconda.errors import GiocondaError
    from gioconda.evaluation.circumstances import circumstances
    from gioconda.media.files import whole_file

    start = [sys.executable, "-c", "import sys; from gioconda.cli import main; sys.exit(main())"]
    done = subprocess.run([*start, *args.words, "--json"], stdout=subprocess.PIPE, check=False)
    command = " ".join(args.words)
    if done.returncode:
        raise GiocondaError(f"gioconda {command} failed, so there is nothing to record")
    try:
        found = json.loads(done.stdout)
    except ValueError as error:
        raise GiocondaError(f"gioconda {command} printed no JSON ({error})") from error
    with whole_file(args.output, (".json",)) as file:
        record = {"command": command, **circumstances(), "found": found}
        file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")


@MIRROR.offer(
    "figures of reports and records as Markdown: docs/figures.md",
    option("results", Path, "folders of `evaluate all`, files of `evaluate record`", nargs="*"),
    option("-o --output FILE", Path, "the .md to write", required=True),
    option("--before REPORT", Path, "the report of another state: what has changed since"),
    option("--also FILE", Path, "Markdown for the end: what was measured otherwise"),
)
def _figures(args: argparse.Namespace) -> None:
    from gioconda.evaluation.everything import RESULT, RUN
    from gioconda.evaluation.markdown import write_figures
    from gioconda.media.files import check_readable

    if args.also:
        check_readable(args.also)
    write_figures(
        [
            (_read_json(path / RESULT), _read_json(path / RUN))
            for path in args.results
            if path.is_dir()
        ],
        [_read_record(path) for path in args.results if not path.is_dir()],
        args.output,
        _read_json(args.before / RESULT) if args.before else None,
        args.also.read_text("utf-8") if args.also else "",
    )
