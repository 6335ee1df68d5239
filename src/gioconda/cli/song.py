"""The figures of ``gioconda evaluate song`` as a table."""

from gioconda.cli.table import measure_rows, show
from gioconda.evaluation.results import measures
from gioconda.evaluation.silence import MouthAtRest
from gioconda.evaluation.song import Following, HeldVowel, SongResult


def show_song(result: SongResult, as_json: bool) -> None:
    """Print all figures, or one JSON object."""
    rows = [
        [f"{name}: {row[0]}", row[1]]
        for kind, found in (
            (Following, result.following),
            (HeldVowel, result.held),
        )
        for name, one in found.items()
        for row in measure_rows(kind, [one])
    ]
    shut = measures(MouthAtRest)[0]
    rows += [[f"{name}: {shut.heading}", shut.text(one)] for name, one in result.voiceless.items()]
    clips = next(iter(result.following.values())).clips
    title = f"Song and rap, {clips} clips of {result.people} people never seen"
    show(result, as_json, title, ["", "value"], rows)
