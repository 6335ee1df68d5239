"""``gioconda evaluate videos, all, compare, judges, faults, figures``: how lifelike it is."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gioconda.cli.options import JSON, Commands, option
from gioconda.cli.progress import progress_bar
from gioconda.cli.table import measure_rows, show

if TYPE_CHECKING:
    from gioconda.evaluation.systems import VideosResult
    from gioconda.evaluation.validity import Verdict

MIRROR = Commands(JSON)
_JUDGE = option("--judge FILE", Path, "the released sync judge (default: the one of the checkout)")
_LANDMARKER = option(
    "--landmarker FILE", Path, "MediaPipe's face_landmarker.task: blendshapes as one more judge"
)


@MIRROR.offer(
    "finished videos of any system",
    option("folder", Path, "a system's videos; several stand side by side", nargs="+"),
    option("--voices FOLDER", Path, "what drove them, by name (default: the videos' own sound)"),
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
    "whether the judges can be trusted, on real videos spoiled",
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
    from gioconda.evaluation.results import write

    rows = [
        [
            *(one.judge, one.spoiled, str(one.videos)),
            *(write(value, ".3g") for value in (one.real, one.changed)),
            *(one.expected, write(one.right, ".0f")),
        ]
        for one in result
    ]
    heads = ["judge", "spoiled", "videos", "real", "spoiled is", "expected", "right in, %"]
    show(result, as_json, "Judges on real videos, and on the same ones spoiled", heads, rows)
