"""``gioconda train WHAT DATA -o FILE``: the recipes."""

import argparse
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gioconda.cli import Subparsers, needs
from gioconda.cli.options import CLIPS, Commands, adder, minutes, option, positive, rate, read_split
from gioconda.cli.progress import progress_bar
from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    from gioconda.data.clips import Clip
    from gioconda.data.samples.performances import Performance
    from gioconda.training.disturber import Disturber
    from gioconda.training.steps import Report

_Kind = TypeVar("_Kind")
_OUTPUT = option("-o --output FILE", Path, "the file to write", required=True)
_TRAININGS = Commands(*CLIPS, _OUTPUT)  # each takes arguments, the file to write, a Report


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("train", help="train models of your own")
    calibration = _TRAININGS.add_parsers(parser).add_parser(
        "calibration", help="print or set the numbers beside a model"
    )
    add = adder(calibration)
    add("MODEL", Path, "a .zip file of weights")
    add(
        "--set NAME=VALUE",
        str,
        "another number, or several as NAME=VALUE,VALUE; needs -o",
        dest="settings",
        nargs="+",
    )
    add("-o --output FILE", Path, ".zip")


def run(args: argparse.Namespace) -> None:
    from gioconda.media.files import PendingFile, check_folder

    if args.what == "calibration":
        _calibration(args)
        return
    command = _TRAININGS[args.what]
    file = PendingFile(args.output, (command.help.split()[-1],))
    try:
        if "checkpoint" in args:
            check_folder(args.checkpoint)
        with needs("train"), progress_bar("percent") as bar:
            facts = command.run(
                args, file.partial, lambda stage, part: bar(round(100 * part), 100, stage)
            )
        file.commit()
    finally:
        file.discard()
    print(f"{args.output}: " + ", ".join(f"{name} {value:g}" for name, value in facts.items()))


def _calibration(args: argparse.Namespace) -> None:
    from gioconda.media.files import whole_file
    from gioconda.training.calibration import set_calibration, show_calibration

    if (args.settings is None) != (args.output is None):
        raise GiocondaError("give --set and -o together: the new numbers go into a new file")
    if args.settings is None:
        print(show_calibration(args.model))
        return
    with whole_file(args.output, (".zip",)) as file:
        changed = set_calibration(args.model, args.settings, file)
    print(f"{args.output}: {changed} changed")


def _recipe(args: argparse.Namespace, kind: type[_Kind]) -> _Kind:
    """The recipe of the --recipe file, or the default one, with the options that were given."""
    from gioconda.training.experiment import read_recipe

    recipe: Any = read_recipe(args.recipe, kind) if args.recipe else kind()
    names = vars(args).keys() & {field.name for field in fields(recipe)}
    given = {name: value for name in names if (value := vars(args)[name]) is not None}
    changed: _Kind = replace(recipe, **given)
    return changed


def _performances(args: argparse.Namespace, split: str, report: "Report") -> "list[Performance]":
    from gioconda.data.samples.performances import read_performance
    from gioconda.face.basis import released_basis
    from gioconda.training.steps import reported

    basis, clips = released_basis(), read_split(args, split)
    reading = reported(clips, f"reading {split} clips", report)
    found = [read_performance(clip, basis) for clip in reading]
    return [one for one in found if one is not None]


# --- what can be trained ---

_RECIPE = option(
    "--recipe PATH", Path, "a Python file with `recipe = Recipe(...)`, to change its numbers"
)
_SLICES = (
    option(
        "--checkpoint PATH",
        Path,
        "the training's state; resumes from it if it exists",
        required=True,
    ),
    option("--minutes N", minutes, "stop after this (default: %(default)g)", default=10.0),
    _RECIPE,
)
_UNDER = (
    option("--recordings PATH", Path, "a folder of more speech, in any language"),
    option("--music PATH", Path, "a folder of music without a voice"),
)
_SPOKEN = option("--spoken PATH", Path, "a set that gioconda prepare --tts made", required=True)


_ALSO = option(
    "--also SET", Path, "another prepared set to learn from, such as one of prepare --heads"
)


def _clips(args: argparse.Namespace) -> "list[Clip]":
    """What there is to learn from."""
    from gioconda.data.clips import read_clips

    more = read_clips(args.also, "train", args.cache) if args.also else []
    return read_split(args, "train") + more


@_TRAININGS.offer("the state of the inside of mouths, .safetensors", _RECIPE, _ALSO)
def _mouth_state(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.mouth_state.recipe import Recipe, train_mouth

    return train_mouth(_clips(args), _recipe(args, Recipe), output, report)


@_TRAININGS.offer(
    "the linear basis of faces, .safetensors",
    _RECIPE,
    option("--wheel PATH", Path, "the mediapipe wheel, which has the triangles", required=True),
    option("--name NAME", str, "kept in every motion file (default: gioconda-basis-2)"),
)
def _basis(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.basis import Recipe, train_basis

    if not args.wheel.is_file():
        raise GiocondaError(f"{args.wheel} does not exist; download the mediapipe wheel first")
    clips, recipe = read_split(args, "train"), _recipe(args, Recipe)
    return train_basis(clips, args.wheel, recipe, output, report)


@_TRAININGS.offer(
    "the basis, extended by what emotions move, .safetensors",
    _RECIPE,
    option("--anchors PATH", Path, "emotions of heads: benchmarks/head_anchors.py", required=True),
)
def _expressive(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.expressive import Recipe, train_expressive

    clips, recipe = read_split(args, "train"), _recipe(args, Recipe)
    return train_expressive(clips, args.anchors, recipe, output, report)


@_TRAININGS.offer("stretches of real head motion for the baseline, .safetensors", _RECIPE)
def _bank(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.bank import Recipe, train_bank

    return train_bank(read_split(args, "train"), _recipe(args, Recipe), output, report)


@_TRAININGS.offer("the lips of the baseline, .onnx", *_SLICES)
def _regressor(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.regressor import Recipe, train_regressor

    clips, recipe = read_split(args, "train"), _recipe(args, Recipe)
    return train_regressor(clips, recipe, output, args.checkpoint, args.minutes, report)


@_TRAININGS.offer(
    "the sync judge of the evaluation, .onnx",
    *_SLICES,
    _SPOKEN,
    option("--held-out", bool, "measure the losses on the val splits too", default=None),
)
def _judge(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.data.spoken.utterances import read_spoken
    from gioconda.training.judge.examples import SpeechSet
    from gioconda.training.judge.recipe import Recipe, train_judge

    def read(split: str) -> SpeechSet:
        utterances = list(read_spoken(args.spoken, split))
        return SpeechSet(_performances(args, split, report), utterances)

    recipe, data = _recipe(args, Recipe), read("train")
    held_out = read("val") if args.held_out else None
    return train_judge(data, recipe, output, args.checkpoint, args.minutes, held_out, report)


@_TRAININGS.offer("the head judge of the evaluation, .onnx", *_SLICES)
def _head_judge(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.head_judge import Recipe, train_head_judge

    recipe, performances = _recipe(args, Recipe), _performances(args, "train", report)
    return train_head_judge(performances, recipe, output, args.checkpoint, args.minutes, report)


@_TRAININGS.offer(
    "the speech encoder, which learns from Whisper, .onnx",
    *_SLICES,
    _SPOKEN,
    option("--teacher PATH", Path, "folder of Whisper-base, see docs/hearing.md", required=True),
    option("--examples PATH", Path, "folder for the examples, which are made once", required=True),
    *_UNDER,
    option("--weights PATH", Path, "write all weights here, .safetensors, to start from"),
    option("--start PATH", Path, "weights of another training to begin with, .safetensors"),
    option("--blend PART", float, "how far from the start's weights to go (default: 0.5)"),
    option("--rate RATE", rate, "learning rate, before it falls"),
)
def _hearing(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.data.spoken.utterances import read_spoken
    from gioconda.training.hearing.recipe import Recipe, prepare_examples, train_hearing

    recipe = _recipe(args, Recipe)
    examples = prepare_examples(
        args.examples,
        cache(lambda: _performances(args, "train", report)),
        lambda: read_spoken(args.spoken, "train"),
        args.teacher,
        recipe,
        args.recordings,
        args.music,
    )
    return train_hearing(
        examples,
        recipe,
        output,
        args.checkpoint,
        args.minutes,
        report,
        args.start,
        args.weights,
    )


@_TRAININGS.offer("how high a voice lies, read by the speech encoder, .onnx", _UNDER[0])
def _frequency_warp(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.disturber import read_sounds
    from gioconda.training.hearing.frequency_warp import train_frequency_warp

    people = [(one.clip.person, one.pcm) for one in _performances(args, "train", report)]
    recordings = read_sounds(args.recordings) if args.recordings is not None else []
    return train_frequency_warp(people, recordings, output, report)


@_TRAININGS.offer("speech to the lower face, .onnx", *_SLICES, _SPOKEN, *_UNDER)
def _lips(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.data.spoken.utterances import read_spoken
    from gioconda.training.lips.recipe import Recipe, train_lips

    recipe, performances = _recipe(args, Recipe), _performances(args, "train", report)
    sounds = list(read_spoken(args.spoken, "train")), _disturber(args)
    slice_ = output, args.checkpoint, args.minutes
    return train_lips(performances, *sounds, recipe, *slice_, report)


@_TRAININGS.offer(
    "speech to the motion of head, eyes and brows, .zip",
    *_SLICES,
    *_UNDER,
    option("--width N", positive, "of the network (default: 192)"),
    option("--layers N", positive, "of the network (default: 6)"),
    option("--heads N", positive, "of the network (default: 4)"),
)
def _generator(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.generator.recipe import Recipe, train_generator

    recipe, performances = _recipe(args, Recipe), _performances(args, "train", report)
    return train_generator(
        performances, recipe, output, args.checkpoint, args.minutes, _disturber(args), report
    )


def _disturber(args: argparse.Namespace) -> "Disturber":
    from gioconda.training.disturber import Disturber, read_sounds

    return Disturber(*(read_sounds(one) if one else [] for one in (args.music, args.recordings)))


@_TRAININGS.offer(
    "the renderer: lips and eyes, .zip",
    *_SLICES,
    option("--size", ("small", "base"), "of the network (default: small)"),
    option("--steps N", positive, "of the whole schedule"),
    option("--last", bool, "end the schedule with --minutes, not --steps", default=None),
    option("--rate RATE", rate, "learning rate, before it falls"),
    option("--batch N", positive, "scenes in a batch"),
    option("--pool N", positive, "scenes to draw from: 10 MB of memory each, 40 if base"),
    option("--uses N", positive, "how often a scene is used before a new one replaces it"),
    option("--workers N", positive, "processes that prepare scenes; a GPU needs many"),
    option("--start PATH", Path, "weights of another training to begin with, .safetensors"),
    _ALSO,
)
def _renderer(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.renderer.recipe import GPU_IS_FULL, Recipe, train_renderer

    recipe = _recipe(args, Recipe)
    if recipe.pool < recipe.batch:
        raise GiocondaError(
            f"a batch of {recipe.batch} scenes needs a pool of as many, not {recipe.pool}; "
            "give a larger --pool"
        )
    try:
        return train_renderer(_clips(args), recipe, output, args.checkpoint, args.minutes, report)
    except GPU_IS_FULL as error:
        raise GiocondaError(
            f"the GPU has no memory for {recipe.pool} scenes and batches of {recipe.batch};"
            f" use a smaller --pool and --batch; {args.checkpoint}, if it exists, continues"
        ) from error


@_TRAININGS.offer(
    "the renderer with an 8-bit copy, .zip",
    option("--model PATH", Path, "a file that gioconda train renderer made", required=True),
)
def _integers(args: argparse.Namespace, output: Path, report: "Report") -> dict[str, float]:
    from gioconda.training.renderer.quantise import quantise_renderer

    found = quantise_renderer(read_split(args, "train"), args.model, output)
    return {"bytes": output.stat().st_size, **found}
