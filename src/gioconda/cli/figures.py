"""The figures of generated motion, of ``gioconda evaluate generator`` and ``dials``, as tables."""

from collections.abc import Mapping, Sequence

from gioconda.cli.table import cells, headings, measure_rows, show
from gioconda.evaluation import generator
from gioconda.evaluation.dials import DialResult, GazeErrors
from gioconda.evaluation.lips import Contacts, LipAgreement
from gioconda.evaluation.naturalness import Movement
from gioconda.evaluation.results import measures, write
from gioconda.evaluation.silence import Drift, MouthAtRest

_Rows = list[list[str]]


def show_figures(result: generator.GeneratorResult, as_json: bool) -> None:
    """Print all figures, or one JSON object."""
    columns = list(result.columns.values())
    rows = [
        *_lips(result, columns),
        *_movement(result, columns),
        *_silence(columns),
        *_drift(columns),
        *measure_rows(generator.SeedDifferences, [column.seeds for column in columns]),
    ]
    title = (
        "Generated motion on people never seen\n"
        f"{result.trials} clips of {result.people} people; movement against "
        f"{result.long_people} people in {result.long_minutes:.1f} minutes of speech of 4 s and "
        "more"
    )
    show(result, as_json, title, ["", *result.columns], rows)


def show_steps(result: Mapping[str, generator.StepScores], as_json: bool) -> None:
    """Print the movement by the number of sampling steps, or one JSON object."""
    rows = [
        [column, *cells(found.movement), write(found.distance, ".2f")]
        for column, found in result.items()
    ]
    heads = ["steps", *headings(Movement), "Fréchet distance"]
    show(result, as_json, "Movement by the number of sampling steps", heads, rows)


def show_dials(result: DialResult, portraits: int, as_json: bool) -> None:
    """Print how exactly the dials are obeyed, or one JSON object."""
    rows = [
        *measure_rows(GazeErrors, [result.gaze], "gaze: "),
        *measure_rows(GazeErrors, [result.gaze_as_read], "gaze as read: "),
        ["distance: error", f"{result.distance_error:.3f}"],
        ["distance: slope", f"{result.distance_slope:.3f}"],
        *([f"blinks {dial:g}: a minute", f"{rate:.1f}"] for dial, rate in result.blinks.items()),
        *(
            [f"amplitude {dial:g}: head speed, degrees a frame", f"{speed:.3f}"]
            for dial, speed in result.head_speed.items()
        ),
        ["amplitude: steps up that raise the speed, share", f"{result.amplitude_monotone:.3f}"],
        *(
            [f"articulation {dial:g}: spread of the mouth's opening, %", f"{spread:.2f}"]
            for dial, spread in result.lips.items()
        ),
        [
            "articulation: steps up that raise the spread, share",
            f"{result.articulation_monotone:.3f}",
        ],
    ]
    title = f"Dials on rendered frames of {portraits} portraits"
    show(result, as_json, title, ["", "measured"], rows)


# --- the parts of one table ---


def _lips(result: generator.GeneratorResult, columns: Sequence[generator.Scores]) -> _Rows:
    rows = measure_rows(LipAgreement, [column.lips for column in columns])
    for shift in columns[0].sync:
        title = f"  sound moved by {shift} frames" if shift else "sync judge, score"
        rows.append([title, *(write(column.sync[shift], ".3f") for column in columns)])
    by_source = [column.lips.by_source if column.lips else {} for column in columns]
    for source, first in next(filter(None, by_source), {}).items():
        cells = (write(found[source].opening, ".2f") if found else "" for found in by_source)
        rows.append([f"  mouth opening, r: {source} ({first.trials})", *cells])
    closure, touch = result.closure_threshold or 0, result.touch_threshold or 0
    contacts = {
        f"lips meet (under {closure:.2f} %) in p, b, m, % of {{}}": [c.closures for c in columns],
        "lips meet in p, b, m of spoken sentences, % of {}": [c.spoken_closures for c in columns],
        f"lip near the teeth (under {touch:.2f} %) in f, v of spoken sentences, %": [
            c.spoken_touches for c in columns
        ],
    }
    return rows + [row for title, found in contacts.items() for row in _contacts(title, found)]


def _contacts(title: str, found: Sequence[Contacts | None]) -> _Rows:
    known = next(filter(None, found), None)
    if known is None:
        return []
    met, vowels = measure_rows(Contacts, found)
    return [[title.format(known.phones), *met[1:]], vowels]


def _movement(result: generator.GeneratorResult, columns: Sequence[generator.Scores]) -> _Rows:
    """The real movement with its interval, and generated ones with their ratio to it."""
    real = result.columns[generator.REAL].movement
    if real is None or result.movement_interval is None:
        return []
    rows = []
    for each in measures(Movement):
        low, high = (each.text(end) for end in result.movement_interval)
        cells = [f"{each.text(real)} [{low}, {high}]"]
        level = getattr(real, each.name)
        for column in columns[1:]:
            made = column.movement
            ratio = f" (x {getattr(made, each.name) / level:.2f})" if made and level > 0 else ""
            cells.append(each.text(made) + ratio)
        rows.append([each.heading, *cells])
    distances = [column.distance for column in columns]
    if known := next(filter(None, distances), None):
        made_cells = [write(found.made if found else None, ".2f") for found in distances[1:]]
        rows.append(["Fréchet distance of motion", f"{known.floor:.2f}", *made_cells])
    return rows


def _silence(columns: Sequence[generator.Scores]) -> _Rows:
    return [
        row
        for sound in next((column.silence for column in columns if column.silence), {})
        for row in measure_rows(
            MouthAtRest, [column.silence.get(sound) for column in columns], f"{sound}: "
        )
    ]


def _drift(columns: Sequence[generator.Scores]) -> _Rows:
    """The change from minute 1 to 10, and the ratio of the spreads."""

    def cell(found: Drift | None) -> str:
        if found is None:
            return ""
        spread = found.last_spread / max(found.first_spread, 1e-9)
        return f"{found.last - found.first:+.2f} ± {found.between:.2f}; x {spread:.2f}"

    return [
        [f"minute 10 against 1: {name}; its spread", *(cell(c.drift.get(name)) for c in columns)]
        for name in next((column.drift for column in columns if column.drift), {})
    ]
