"""``gioconda evaluate WHAT``: figures on people that nothing was learned from."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gioconda.cli import Subparsers
from gioconda.cli.mirror import MIRROR
from gioconda.cli.options import (
    CLIPS,
    JSON,
    Commands,
    number,
    option,
    positive,
    read_sentences,
    read_split,
    size,
)
from gioconda.cli.pictures import read_portraits
from gioconda.cli.progress import progress_bar
from gioconda.cli.table import cells, headings, measure_rows, named_rows, show

if TYPE_CHECKING:
    from gioconda.evaluation.trials import Maker

_EVERY = 3  # of the spoken sentences: a hundred
_EVALUATIONS = Commands(JSON)  # each takes the arguments
_COUNT = option("--clips N", positive, "how many, spread evenly over the people (default: all)")
_LIVE = option("--live", bool, "lips hear no further ahead than in a call")
_PICTURES = option("pictures", Path, "portraits, or folders of them", metavar="PICTURE", nargs="+")
_strength = number("above 0 and at most 1", lambda value: 0 < value <= 1)


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("evaluate", help="measure quality on people never seen")
    _EVALUATIONS.update(MIRROR)
    _EVALUATIONS.add_parsers(parser)


def run(args: argparse.Namespace) -> None:
    """Measure."""
    _EVALUATIONS[args.what].run(args)


# --- on clips ---


@_EVALUATIONS.offer("how well the basis explains faces", *CLIPS)
def _basis(args: argparse.Namespace) -> None:
    from gioconda.evaluation.basis import REGIONS, evaluate_basis

    with progress_bar("clips") as report:
        result = evaluate_basis(read_split(args, "val"), report)
    rows = [
        [name, *(f"{e.median:5.2f} {e.mean:5.2f} {e.p95:5.2f}" for e in errors.values())]
        for name, errors in result.errors.items()
    ]
    title = (
        "Error of rebuilt points, % of the inter-ocular distance: median, mean, p95\n"
        f"{result.people} people, {result.clips} clips, {result.frames} frames"
    )
    show(result, args.json, title, ["D", *REGIONS], rows)


@_EVALUATIONS.offer("how well the mouth follows speech", *CLIPS)
def _speech(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speech import SpeechAgreement, evaluate_speech

    with progress_bar("clips") as report:
        result = evaluate_speech(read_split(args, "val"), report)
    title = "Predicted against tracked mouth opening, Pearson's r, median over clips"
    show(result, args.json, title, ["", "value"], measure_rows(SpeechAgreement, [result]))


@_EVALUATIONS.offer("how well frames follow the motion", *CLIPS, _COUNT)
def _reenactment(args: argparse.Namespace) -> None:
    from gioconda.evaluation.reenactment import UNITS, MotionErrors, evaluate_reenactment

    with progress_bar("clips") as report:
        result = evaluate_reenactment(read_split(args, "val"), args.clips, report)
    rows = [
        [name.replace("_", " "), *cells(result.errors[name]), unit] for name, unit in UNITS.items()
    ]
    title = (
        "Motion tracked in the rendered frames against what drove them, absolute error\n"
        f"{result.clips} clips, {result.frames} frames, {result.refused} clips refused, "
        f"{result.lost:.1f} % of frames lost, background moved by {result.background:.2f} of 255"
    )
    show(result, args.json, title, ["", *headings(MotionErrors), "unit"], rows)


@_EVALUATIONS.offer(
    "how real drawn mouths, lips and eyes look",
    *CLIPS,
    _COUNT,
    option("--split", ("val", "train"), "default: val; train: people learned from", default="val"),
)
def _renderer(args: argparse.Namespace) -> None:
    from gioconda.evaluation.drawn import REGIONS
    from gioconda.evaluation.renderer import RegionScores, evaluate_renderer
    from gioconda.renderer.networks import precisions, released
    from gioconda.renderer.neural import NeuralDecoder

    offered = precisions(released())
    decoders: dict[str, Any] = {
        f"renderer {name}": partial(NeuralDecoder, precision=name)
        for name in offered
        if name != "bf16" or "int8" not in offered
    }
    with progress_bar("clips") as report:
        result = evaluate_renderer(read_split(args, args.split), decoders, args.clips, report)
    methods = result.methods.values()
    rows = [
        row
        for region in REGIONS
        for row in measure_rows(RegionScores, [m.get(region) for m in methods], f"{region} ")
        if any(row[1:])
    ]
    title = f"Drawn against real frames, {result.clips} clips, {result.frames} frames"
    show(result, args.json, title, ["", *result.methods], rows)


@_EVALUATIONS.offer("whether sound and picture of a set are in step", *CLIPS)
def _sync(args: argparse.Namespace) -> None:
    from gioconda.evaluation.sync import evaluate_sync

    with progress_bar("clips") as report:
        clips = read_split(args, "train") + read_split(args, "val")
        result = evaluate_sync(clips, report)
    rows = [
        [
            source,
            str(found.closures),
            f"{found.lag_before:+.2f}",
            f"{found.lag:+.2f}",
            f"{found.low:+.2f} to {found.high:+.2f}",
        ]
        for source, found in result.items()
    ]
    title = "Frames by which the sound lags behind the lips, against the other sources"
    show(result, args.json, title, ["source", "closures", "as it came", "now", "95 %"], rows)


@_EVALUATIONS.offer(
    "how lifelike motion is, and how well it speaks",
    *CLIPS,
    option("--spoken SET", Path, "a set of `gioconda prepare --tts`: more closures of lips"),
    option("--judge FILE", Path, "the sync judge (default: the one of the checkout)"),
    option("--steps N", positive, "only compare movement at these numbers of steps", nargs="+"),
)
def _generator(args: argparse.Namespace) -> None:
    from gioconda.cli.figures import show_figures, show_steps
    from gioconda.evaluation.generator import evaluate_generator, evaluate_steps
    from gioconda.evaluation.judge import SyncJudge, released_judge
    from gioconda.generator import BaselineGenerator, Generator

    makers: dict[str, Maker] = {"generator": Generator, "version 0": BaselineGenerator}
    judge = None if args.steps else SyncJudge(released_judge(args.judge))
    with progress_bar("steps") as report:
        held_out, others = read_split(args, "val"), read_split(args, "train")
        if args.steps:
            makers = {str(steps): partial(Generator, steps=steps) for steps in args.steps}
            show_steps(evaluate_steps(held_out, others, makers, report), args.json)
            return
        sentences = read_sentences(args, _EVERY)
        result = evaluate_generator(held_out, others, makers, sentences, report, judge)
    show_figures(result, args.json)


@_EVALUATIONS.offer(
    "whether motion goes as far as people's",
    *CLIPS,
    option(
        "--generator FILE",
        Path,
        "a file of `gioconda train generator`, beside the released one; may be repeated",
        action="append",
        default=[],
    ),
    option("--spoken SET", Path, "a set of `gioconda prepare --tts`: more phones"),
    _LIVE,
)
def _performance(args: argparse.Namespace) -> None:
    from gioconda.cli.performance import show_performance
    from gioconda.evaluation.performance import evaluate_performance
    from gioconda.generator import Generator

    makers: dict[str, Maker] = {
        file.stem: partial(Generator, model=file, later=_later(args)) for file in args.generator
    }
    used = args.models.resolve().name if args.models else "released"
    makers[used] = partial(Generator, later=_later(args))
    with progress_bar("steps") as report:
        held_out, others = read_split(args, "val"), read_split(args, "train")
        sentences = read_sentences(args, 3 * _EVERY)
        result = evaluate_performance(held_out, others, makers, sentences, report)
    show_performance(result, args.json)


@_EVALUATIONS.offer(
    "whether a face listens while another speaks",
    *CLIPS,
    option("--minutes N", positive, "of listening (default: 2)", default=2),
    option("--laughter SOUND", Path, "does it notice this laughter?", nargs="+", default=[]),
)
def _listening(args: argparse.Namespace) -> None:
    from gioconda.evaluation.listening import Listening, evaluate_listening
    from gioconda.media import read_audio

    laughs = {path.name: read_audio(path) for path in args.laughter}
    clips = [clip.audio() for clip in read_split(args, "val") if clip.speech]
    with progress_bar("steps") as report:
        result = evaluate_listening(clips, laughs, args.minutes, report)
    title = (
        f"A silent face, {result.minutes:.1f} minutes, {result.phrases} held-out people's phrases\n"
        f"speech is taken for laughter {result.smiles_in_speech:.1f} times a minute; "
        f"{sum(result.laughs.values())} of {len(result.laughs)} sounds of laughter are noticed"
    )
    rows = measure_rows(Listening, list(result.columns.values()))
    show(result, args.json, title, ["", *result.columns], rows)


@_EVALUATIONS.offer(
    "whether lips follow song and rap",
    *CLIPS,
    option("--spoken SET", Path, "a set of `gioconda prepare --tts`, whose vowels are held"),
    option("--music FOLDER", Path, "music without a voice, which must not open the mouth"),
    _LIVE,
)
def _song(args: argparse.Namespace) -> None:
    from gioconda.cli.song import show_song
    from gioconda.evaluation.song import evaluate_song
    from gioconda.generator import Generator
    from gioconda.media import read_audio

    sentences = read_sentences(args, 3 * _EVERY)
    files = sorted(args.music.iterdir()) if args.music else []
    pieces = {file.stem: read_audio(file) for file in files}
    make = partial(Generator, steps=1, later=_later(args))  # lips do not hang on heads' steps
    with progress_bar("steps") as report:
        result = evaluate_song(read_split(args, "val"), make, sentences, pieces, report)
    show_song(result, args.json)


def _later(args: argparse.Namespace) -> int:
    from gioconda.generator import LATER

    return 0 if args.live else LATER


# --- on portraits ---


@_EVALUATIONS.offer("how well the gaze of drawn eyes is read back", _PICTURES)
def _gaze(args: argparse.Namespace) -> None:
    from gioconda.evaluation.dials import GazeErrors, Reading, measure_reading
    from gioconda.evaluation.results import counted

    result = {}
    with progress_bar("portraits") as report:
        for name, portrait in counted(read_portraits(args.pictures).items(), report):
            result[name] = measure_reading(portrait)
    rows = [[name, *cells(found.gaze), *cells(found)] for name, found in result.items()]
    title = "Drawn gaze, read back from the rendered frames, against the camera"
    show(result, args.json, title, ["", *headings(GazeErrors), *headings(Reading)], rows)


@_EVALUATIONS.offer(
    "how exactly rendered frames obey the dials",
    _PICTURES,
    option("--seconds N", positive, "seconds of speech for each value (default: 4)", default=4),
)
def _dials(args: argparse.Namespace) -> None:
    from gioconda.animator import Animator
    from gioconda.cli.figures import show_dials
    from gioconda.controls import Controls
    from gioconda.evaluation.dials import evaluate_dials
    from gioconda.example import voice

    pcm = voice(args.seconds)
    portraits = list(read_portraits(args.pictures).values())
    with progress_bar("videos") as report:
        result = evaluate_dials(
            portraits,
            lambda who, dials: Animator(who, controls=Controls(**dials)).speak(pcm),
            report,
        )
    show_dials(result, len(portraits), args.json)


@_EVALUATIONS.offer(
    "whether portraits show the emotion asked for",
    _PICTURES,
    option("--strength S", _strength, "from above 0 to 1 (default: 1)", default=1.0),
    option("--judge FILE", Path, "MediaPipe's face_landmarker.task (default: the mesh alone)"),
)
def _emotion(args: argparse.Namespace) -> None:
    from gioconda.data.videos.emotion import EMOTIONS as JUDGED
    from gioconda.evaluation.blendshape_reader import BlendshapeReader
    from gioconda.evaluation.emotion import (
        Judge,
        by_blendshapes,
        by_geometry,
        evaluate_emotion,
    )

    judge: Judge = by_geometry
    by = "geometry alone, no independent eye"
    if args.judge:
        judge, by = by_blendshapes(BlendshapeReader(args.judge)), "MediaPipe's blendshapes"
    portraits = list(read_portraits(args.pictures).values())
    with progress_bar("portraits") as report:
        result = evaluate_emotion(portraits, args.strength, judge, report)
    rows = [[asked, *map(str, found.values())] for asked, found in result.items()]
    right = sum(found[asked] for asked, found in result.items())
    title = (
        f"Emotions asked for at strength {args.strength:g} (rows) and found (columns), "
        f"{len(portraits)} portraits:\n{right} of {len(portraits) * len(result)}, judged by {by}"
    )
    show(result, args.json, title, ["", *JUDGED], rows)


@_EVALUATIONS.offer(
    "whether a portrait at rest is its photo",
    _PICTURES,
    option("--full", bool, "the whole photo instead of the square"),
    option("--size N", size, "side of the square in pixels (%(default)s)", default=512),
)
def _rest(args: argparse.Namespace) -> None:
    from gioconda.evaluation.rest import Rest, rest
    from gioconda.evaluation.results import counted

    portraits = read_portraits(args.pictures, None if args.full else args.size)
    with progress_bar("portraits") as report:
        found = counted(portraits.items(), report)
        result = {name: rest(portrait, args.full) for name, portrait in found}
    title = "A frame in the photo's own pose and expression against the photo, in grey levels"
    show(result, args.json, title, ["", *headings(Rest)], named_rows(result))


# --- on spoken sentences ---


@_EVALUATIONS.offer(
    "how exactly phones are found in speech",
    option("SPOKEN", Path, "a set of `gioconda prepare --tts`"),
    option("--every N", positive, "take every Nth sentence", default=1),
)
def _alignment(args: argparse.Namespace) -> None:
    from gioconda.evaluation.alignment import AlignmentErrors, evaluate_alignment

    with progress_bar("sentences") as report:
        result = evaluate_alignment(args.spoken, args.every, report)
    title = (
        "Found against exact starts and ends of phones\n"
        f"{result.utterances} sentences, {result.refused} refused"
    )
    heads = ["", *headings(AlignmentErrors)]
    show(result, args.json, title, heads, named_rows(result.errors))
