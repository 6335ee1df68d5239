"""``gioconda train WHAT DATA -o FILE``: the recipes."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gioconda.cli import Subparsers, minutes, positive
from gioconda.cli.clips import add_clip_arguments, read_split
from gioconda.cli.progress import progress_bar
from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    from gioconda.data.samples.performances import Performance


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("train", help="learn what comes with the package anew")
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)

    basis = what.add_parser("basis", help="the linear basis of faces, .safetensors")
    basis.add_argument(
        "--wheel",
        metavar="WHEEL",
        type=Path,
        required=True,
        help="the mediapipe wheel, whose table of edges gives the triangles",
    )
    basis.add_argument("--name", default="gioconda-basis-2", help="kept in every motion file")
    basis.set_defaults(recipe=_basis, suffix=".safetensors")

    bank = what.add_parser("bank", help="stretches of real head motion, .safetensors")
    bank.set_defaults(recipe=_bank, suffix=".safetensors")

    regressor = what.add_parser("regressor", help="speech to mouth, .onnx")
    regressor.set_defaults(recipe=_regressor)

    speech = what.add_parser("speech", help="the speech encoder, or the sync judge, .onnx")
    speech.add_argument(
        "--spoken", metavar="DIR", type=Path, required=True, help="a set of gioconda prepare --tts"
    )
    speech.add_argument("--judge", action="store_true", help="the sync judge, on other people")
    speech.add_argument(
        "--teacher", metavar="DIR", type=Path, help="a wav2vec 2.0 model, as transformers saves it"
    )
    speech.add_argument(
        "--held-out", action="store_true", help="tell the losses on the val splits too"
    )
    speech.set_defaults(recipe=_speech)

    generator = what.add_parser("generator", help="speech to all of the motion, .zip")
    generator.add_argument(
        "--encoder", metavar="FILE", type=Path, help="another speech encoder than the released one"
    )
    for size, usual in (("width", 192), ("layers", 6), ("heads", 4)):
        generator.add_argument(
            f"--{size}", type=positive, default=usual, help="of the network (default: %(default)s)"
        )
    generator.set_defaults(recipe=_generator)

    renderer = what.add_parser("renderer", help="mouths, eyes and what turns into view, .zip")
    renderer.add_argument(
        "--steps", type=positive, help="of the whole schedule (default: the recipe's)"
    )
    renderer.add_argument(
        "--size", choices=("small", "base"), default="small", help="default: %(default)s"
    )
    renderer.add_argument(
        "--workers",
        metavar="N",
        type=positive,
        default=0,
        help="processes that prepare scenes, a GPU wants many (default: none but its own)",
    )
    renderer.add_argument(
        "--last", action="store_true", help="the schedule ends with --minutes, not with --steps"
    )
    for flag, tells in (
        ("batch", "scenes in a batch"),
        ("pool", "scenes to draw from, 10 MB of memory each, 40 with --size base"),
        ("uses", "of a scene before it gives way to a new one"),
    ):
        renderer.add_argument(
            f"--{flag}", metavar="N", type=positive, help=f"{tells} (default: the recipe's)"
        )
    renderer.add_argument(
        "--rate", type=_rate, help="of learning, before it settles (default: the recipe's)"
    )
    renderer.add_argument(
        "--start",
        metavar="FILE",
        type=Path,
        help="weights that another training left, to begin with",
    )
    renderer.set_defaults(recipe=_renderer)

    integers = what.add_parser("integers", help="the renderer in 8-bit integers beside it, .zip")
    integers.add_argument(
        "--model", metavar="FILE", type=Path, required=True, help="of `gioconda train renderer`"
    )
    integers.set_defaults(recipe=_integers, suffix=".zip")

    calibration = what.add_parser("calibration", help="print or set the numbers beside a model")
    calibration.add_argument("model", metavar="MODEL", type=Path, help="a .zip file of weights")
    calibration.add_argument(
        "--set",
        metavar="NAME=VALUE",
        dest="settings",
        nargs="+",
        help="other numbers, NAME=VALUE,VALUE where there are several; needs -o",
    )
    calibration.add_argument("-o", "--output", metavar="FILE", type=Path, help=".zip")

    for recipe in (regressor, speech, generator, renderer):
        recipe.add_argument(
            "--checkpoint",
            metavar="FILE",
            type=Path,
            required=True,
            help="the training's state: written, and gone on from if it is there",
        )
        recipe.add_argument(
            "--minutes", type=minutes, default=10, help="stop after this (default: %(default)g)"
        )
        recipe.set_defaults(suffix=".onnx" if recipe in (regressor, speech) else ".zip")
    for recipe in (basis, bank, regressor, speech, generator, renderer, integers):
        add_clip_arguments(recipe)
        recipe.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)


def _rate(text: str) -> float:
    with suppress(ValueError):
        if 0 < (rate := float(text)) < 1:
            return rate
    raise argparse.ArgumentTypeError(f"{text} is not a rate between 0 and 1, such as 5e-4")


def run(args: argparse.Namespace) -> int:
    from gioconda.media.files import PendingFile, check_folder

    if args.what == "calibration":
        return _calibration(args)
    file = PendingFile(args.output, (args.suffix,))
    try:
        if "checkpoint" in args:
            check_folder(args.checkpoint)
        recipe: Callable[[argparse.Namespace, Path], dict[str, float]] = args.recipe
        facts = recipe(args, file.partial)
        file.commit()
    except ModuleNotFoundError as error:
        raise GiocondaError(
            f"training needs the package {error.name}; pip install 'gioconda[train]'"
        ) from error
    finally:
        file.discard()
    print(f"{args.output}: " + ", ".join(f"{name} {value:g}" for name, value in facts.items()))
    return 0


def _calibration(args: argparse.Namespace) -> int:
    from gioconda.media.files import PendingFile
    from gioconda.training.calibration import set_calibration, show_calibration

    if (args.settings is None) != (args.output is None):
        raise GiocondaError("--set and -o go together: other numbers go into another file")
    if args.settings is None:
        print(show_calibration(args.model))
        return 0
    file = PendingFile(args.output, (".zip",))
    try:
        changed = set_calibration(args.model, args.settings, file.partial)
        file.commit()
    finally:
        file.discard()
    print(f"{args.output}: {changed} changed")
    return 0


def _basis(args: argparse.Namespace, output: Path) -> dict[str, float]:
    from gioconda.training.basis import train_basis

    if not args.wheel.is_file():
        raise GiocondaError(f"{args.wheel} does not exist; download the mediapipe wheel first")
    with progress_bar("clips") as report:
        return train_basis(read_split(args, "train"), args.wheel, output, args.name, report=report)


def _bank(args: argparse.Namespace, output: Path) -> dict[str, float]:
    from gioconda.training.bank import train_bank

    with progress_bar("clips") as report:
        return train_bank(read_split(args, "train"), output, report)


def _regressor(args: argparse.Namespace, output: Path) -> dict[str, float]:
    from gioconda.training.regressor.recipe import Recipe, train_regressor

    with progress_bar("percent") as report:
        return train_regressor(
            read_split(args, "train"),
            Recipe(),
            output,
            args.checkpoint,
            args.minutes,
            lambda stage, part: report(round(100 * part), 100),
        )


def _speech(args: argparse.Namespace, output: Path) -> dict[str, float]:
    from gioconda.data.spoken.utterances import read_spoken
    from gioconda.training.speech.recipe import train_speech

    utterances = list(read_spoken(args.spoken, "train"))
    held_out = None
    if args.held_out:
        held_out = _performances(args, "val"), list(read_spoken(args.spoken, "val"))
    performances = _performances(args)
    with progress_bar("percent") as report:
        return train_speech(
            performances,
            utterances,
            output,
            args.checkpoint,
            args.minutes,
            args.judge,
            lambda stage, part: report(round(100 * part), 100),
            args.teacher,
            held_out,
        )


def _generator(args: argparse.Namespace, output: Path) -> dict[str, float]:
    from gioconda.training.generator.recipe import Recipe, train_generator

    performances = _performances(args)
    recipe = Recipe(width=args.width, layers=args.layers, heads=args.heads, encoder=args.encoder)
    with progress_bar("percent") as report:
        return train_generator(
            performances,
            recipe,
            output,
            args.checkpoint,
            args.minutes,
            lambda stage, part: report(round(100 * part), 100),
        )


def _performances(args: argparse.Namespace, split: str = "train") -> "list[Performance]":
    from gioconda.data.samples.performances import read_performance
    from gioconda.face.basis import released_basis

    basis, clips = released_basis(), read_split(args, split)
    found = []
    with progress_bar("clips") as report:
        for i, clip in enumerate(clips):
            found.append(read_performance(clip, basis))
            report(i + 1, len(clips))
    return [one for one in found if one is not None]


def _renderer(args: argparse.Namespace, output: Path) -> dict[str, float]:
    from gioconda.training.renderer.recipe import (
        GPU_IS_FULL,
        POOL,
        RATE,
        SCENES,
        STEPS,
        USES,
        train_renderer,
    )

    batch, pool = args.batch or SCENES, args.pool or POOL
    if pool < batch:
        raise GiocondaError(f"{batch} scenes in a batch cannot be drawn from {pool}; give --pool")
    try:
        with progress_bar("percent") as report:
            return train_renderer(
                read_split(args, "train"),
                args.checkpoint,
                args.minutes,
                output,
                args.size,
                args.steps or STEPS,
                args.workers,
                args.start,
                lambda stage, part: report(round(100 * part), 100),
                last=args.last,
                batch_size=batch,
                pool_size=pool,
                uses=args.uses or USES,
                rate=args.rate or RATE,
            )
    except GPU_IS_FULL as error:
        raise GiocondaError(
            f"the GPU has no memory for {pool} scenes and batches of {batch}; give less with"
            f" --pool and --batch; {args.checkpoint}, if it was written, goes on"
        ) from error


def _integers(args: argparse.Namespace, output: Path) -> dict[str, float]:
    from gioconda.training.renderer.quantise import quantise_renderer

    found = quantise_renderer(read_split(args, "train"), args.model, output)
    return {"bytes": output.stat().st_size, **found}
