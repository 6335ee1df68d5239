"""``gioconda evaluate WHAT DATA``: figures on people that nothing was learned from."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gioconda.cli import Subparsers, positive
from gioconda.cli.clips import add_clip_arguments, read_split
from gioconda.cli.progress import progress_bar
from gioconda.cli.table import show
from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gioconda.portrait import Portrait

    Picture = NDArray[np.uint8]

_EVERY = 3  # of the spoken sentences: a hundred


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("evaluate", help="measure on clips of people never seen")
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    basis = what.add_parser("basis", help="how well the basis explains faces")
    basis.set_defaults(measure=_basis)
    speech = what.add_parser("speech", help="how well the mouth follows speech")
    speech.set_defaults(measure=_speech)
    reenactment = what.add_parser("reenactment", help="how well frames show what drives them")
    reenactment.add_argument(
        "--clips",
        metavar="N",
        type=positive,
        help="a sample, even over people (default: all)",
    )
    reenactment.set_defaults(measure=_reenactment)
    renderer = what.add_parser("renderer", help="how real drawn mouths and eyes look")
    renderer.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a file of `gioconda train renderer`, may be given again (default: the released one)",
    )
    renderer.add_argument(
        "--clips",
        metavar="N",
        type=positive,
        help="a sample, even over people (default: all)",
    )
    renderer.add_argument(
        "--split",
        choices=("val", "train"),
        default="val",
        help="train: how are those drawn that it has learned from? (default: %(default)s)",
    )
    renderer.set_defaults(measure=_renderer)
    sync = what.add_parser("sync", help="whether sound and picture of a set are in step")
    sync.set_defaults(measure=_sync)
    generator = what.add_parser(
        "generator", help="how lifelike generated motion is, and how well it speaks"
    )
    generator.add_argument(
        "--spoken",
        metavar="SPOKEN",
        type=Path,
        help="a set that gioconda prepare --tts made, for more closures of the lips",
    )
    generator.add_argument(
        "--steps",
        metavar="N",
        type=int,
        nargs="+",
        help="compare the movement for these numbers of steps, and nothing else",
    )
    generator.set_defaults(measure=_generator)
    gaze = what.add_parser("gaze", help="how well drawn eyes are read back, portrait by portrait")
    gaze.add_argument("pictures", metavar="PICTURE", type=Path, nargs="+", help="portraits")
    gaze.set_defaults(measure=_gaze)
    dials = what.add_parser("dials", help="how exactly the dials are obeyed, on rendered frames")
    dials.add_argument("pictures", metavar="PICTURE", type=Path, nargs="+", help="portraits")
    dials.add_argument(
        "--seconds",
        type=positive,
        default=4,
        help="of speech for each value (default: %(default)s)",
    )
    dials.set_defaults(measure=_dials)
    emotion = what.add_parser("emotion", help="whether portraits show the emotion asked for")
    emotion.add_argument("pictures", metavar="PICTURE", type=Path, nargs="+", help="portraits")
    emotion.add_argument(
        "--strength", metavar="S", type=float, default=1.0, help="above 0 to 1 (default: 1)"
    )
    emotion.set_defaults(measure=_emotion)
    alignment = what.add_parser("alignment", help="how exactly phones are found in speech")
    alignment.add_argument(
        "spoken", metavar="SPOKEN", type=Path, help="a set that gioconda prepare --tts made"
    )
    alignment.add_argument(
        "--every", metavar="N", type=int, default=1, help="take every n-th sentence"
    )
    alignment.set_defaults(measure=_alignment)
    for evaluation in (basis, speech, reenactment, renderer, sync, generator):
        add_clip_arguments(evaluation)
    for evaluation in (
        basis,
        speech,
        reenactment,
        renderer,
        sync,
        generator,
        gaze,
        dials,
        emotion,
        alignment,
    ):
        evaluation.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    args.measure(args)
    return 0


def _basis(args: argparse.Namespace) -> None:
    from gioconda.evaluation.basis import REGIONS, evaluate_basis

    with progress_bar("clips") as report:
        result: dict[str, Any] = evaluate_basis(read_split(args, "val"), report=report)
    rows = [
        [name, *(" ".join(f"{v:5.2f}" for v in errors[region].values()) for region in REGIONS)]
        for name, errors in result.items()
        if isinstance(errors, dict)
    ]
    counts = "{people} people, {clips} clips, {frames} frames".format(**result)
    show(
        result,
        args.json,
        "Error of rebuilt points, % of the inter-ocular distance: median, mean, p95\n" + counts,
        ["D", *REGIONS],
        rows,
    )


def _speech(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speech import evaluate_speech

    with progress_bar("clips") as report:
        result = evaluate_speech(read_split(args, "val"), report)
    rows = [[name, f"{value:.3g}"] for name, value in result.items()]
    title = "Predicted against tracked mouth opening, Pearson's r, median over clips"
    show(result, args.json, title, ["", "value"], rows)


def _sync(args: argparse.Namespace) -> None:
    from gioconda.evaluation.sync import evaluate_sync

    with progress_bar("clips") as report:
        clips = read_split(args, "train") + read_split(args, "val")
        result = evaluate_sync(clips, report)
    rows = [
        [
            source,
            f"{found['closures']:.0f}",
            f"{found['before']:+.2f}",
            f"{found['late']:+.2f}",
            f"{found['low']:+.2f} to {found['high']:+.2f}",
        ]
        for source, found in result.items()
    ]
    title = "Frames by which sound comes after shutting lips, against the other sources"
    show(result, args.json, title, ["source", "closures", "as it came", "now", "95 %"], rows)


def _alignment(args: argparse.Namespace) -> None:
    from gioconda.evaluation.alignment import evaluate_alignment

    if args.every < 1:
        raise GiocondaError(f"--every is {args.every}, expected at least 1")
    with progress_bar("sentences") as report:
        result = evaluate_alignment(args.spoken, args.every, report)
    rows = [
        [name, *(f"{value:.1f}" for value in errors.values())]
        for name, errors in result["errors"].items()
    ]
    title = (
        "Found against exact starts and ends of phones, milliseconds\n"
        f"{result['utterances']} sentences, {result['refused']} refused"
    )
    heads = ["", "phones", "matched %", "median", "p90", "mean", "bias", "within a frame %"]
    show(result, args.json, title, heads, rows)


def _generator(args: argparse.Namespace) -> None:
    from gioconda.cli.figures import show_figures
    from gioconda.data.spoken.utterances import read_spoken
    from gioconda.evaluation.generator import evaluate_generator
    from gioconda.evaluation.takes import Maker
    from gioconda.generator import BaselineGenerator, Generator

    if args.steps:
        _steps(args)
        return
    makers: dict[str, Maker] = {"generator": Generator, "version 0": BaselineGenerator}
    with progress_bar("steps") as report:
        held_out, others = read_split(args, "val"), read_split(args, "train")
        sentences = list(read_spoken(args.spoken, "val"))[::_EVERY] if args.spoken else []
        result = evaluate_generator(held_out, others, makers, sentences, report)
    show_figures(result, list(makers), args.json)


def _steps(args: argparse.Namespace) -> None:
    from functools import partial

    from gioconda.evaluation.generator import evaluate_steps
    from gioconda.evaluation.naturalness import MEASURES
    from gioconda.generator import Generator

    if min(args.steps) < 1:
        raise GiocondaError(f"--steps is {min(args.steps)}, expected 1 or more")
    makers = {str(steps): partial(Generator, steps=steps) for steps in args.steps}
    with progress_bar("numbers of steps") as report:
        result = evaluate_steps(read_split(args, "val"), read_split(args, "train"), makers, report)
    names = [*MEASURES, "frechet"]
    rows = [
        [column, *(f"{found[name]:.2f}" if name in found else "" for name in names)]
        for column, found in result.items()
    ]
    show(result, args.json, "Movement by how often the network is asked", ["steps", *names], rows)


def _gaze(args: argparse.Namespace) -> None:
    from gioconda.evaluation.dials import measure_reading
    from gioconda.media import read_image
    from gioconda.portrait import make_portrait

    result = {}
    with progress_bar("portraits") as report:
        for i, path in enumerate(args.pictures):
            report(i, len(args.pictures))
            result[path.name] = measure_reading(make_portrait(read_image(path)))
    rows = [[name, *(f"{value:.3g}" for value in row.values())] for name, row in result.items()]
    title = "Drawn gaze, read back from the rendered frames; degrees against the camera"
    heads = ["", "error", "scatter", "yaw slope", "pitch slope", "calibrated", "distance error"]
    show(result, args.json, title, heads, rows)


def _dials(args: argparse.Namespace) -> None:
    from gioconda.evaluation.dials import evaluate_dials

    portraits = _portraits(args)
    with progress_bar("videos") as report:
        result = evaluate_dials(portraits, _shoot(args.seconds), report)
    rows = [
        [f"{dial}: {name}", f"{value:.3f}"]
        for dial, found in result.items()
        for name, value in found.items()
    ]
    title = (
        f"Dials on rendered frames of {len(portraits)} portraits; gaze in degrees, blinks a "
        "minute,\nspeed of the head in degrees a frame"
    )
    show(result, args.json, title, ["", "measured"], rows)


def _emotion(args: argparse.Namespace) -> None:
    from gioconda.controls import EMOTIONS
    from gioconda.data.videos.emotion import EMOTIONS as JUDGED
    from gioconda.evaluation.emotion import evaluate_emotion

    if not 0 < args.strength <= 1:
        raise GiocondaError(f"--strength is {args.strength:g}, expected above 0 and at most 1")
    portraits = _portraits(args)
    with progress_bar("portraits") as report:
        counts = evaluate_emotion(portraits, args.strength, report)
    result = {
        asked: dict(zip(JUDGED, map(int, row), strict=True))
        for asked, row in zip(EMOTIONS, counts, strict=True)
    }
    rows = [[asked, *map(str, found.values())] for asked, found in result.items()]
    title = (
        f"Emotions asked for at strength {args.strength:g} (rows) and found (columns), "
        f"{len(portraits)} portraits\njudged by geometry alone, no independent eye"
    )
    show(result, args.json, title, ["", *JUDGED], rows)


def _portraits(args: argparse.Namespace) -> "list[Portrait]":
    from gioconda.media import read_image
    from gioconda.portrait import make_portrait

    return [make_portrait(read_image(path)) for path in args.pictures]


def _shoot(seconds: float) -> "Callable[[Portrait, Mapping[str, Any]], Iterator[Picture]]":
    """Draws a portrait that speaks the bundled voice under some controls."""
    from gioconda.animator import Animator
    from gioconda.controls import Controls
    from gioconda.example import voice

    pcm = voice(seconds)
    return lambda portrait, dials: Animator(portrait, controls=Controls(**dials)).speak(pcm)


def _reenactment(args: argparse.Namespace) -> None:
    from gioconda.evaluation.reenactment import MEASURES, evaluate_reenactment

    with progress_bar("clips") as report:
        result: dict[str, Any] = evaluate_reenactment(
            read_split(args, "val"), args.clips, report=report
        )
    rows = [
        [name, *(f"{value:.2f}" for value in result["errors"][name].values()), unit]
        for name, unit in MEASURES.items()
    ]
    title = (
        "Motion tracked in the rendered frames against what drove them, absolute error\n"
        "{clips} clips, {frames} frames, {refused} clips refused, {lost:.1f} % of frames lost, "
        "background moved by {background:.2f} of 255"
    ).format(**result)
    show(result, args.json, title, ["", "median", "mean", "p95", "moved", "unit"], rows)


def _renderer(args: argparse.Namespace) -> None:
    from gioconda.evaluation.renderer import evaluate_renderer
    from gioconda.renderer.neural import NeuralDecoder, precisions, released

    decoders: dict[str, Any] = {
        f"{file.stem} {name}": partial(NeuralDecoder, model=file, precision=name)
        for file in args.model or [released()]
        for name in precisions(file)
        if name != "bf16" or "int8" not in precisions(file)
    }
    with progress_bar("clips") as report:
        result: dict[str, Any] = evaluate_renderer(
            read_split(args, args.split), decoders, args.clips, report
        )
    methods = result["methods"]
    rows = [
        [measure, *(f"{found[measure]:.3g}" for found in methods.values())]
        for measure in next(iter(methods.values()))
    ]
    title = "Drawn against real frames, {clips} clips, {frames} frames".format(**result)
    show(result, args.json, title, ["", *methods], rows)
