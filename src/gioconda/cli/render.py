"""gioconda render: a portrait is moved by the motion of a video."""

import argparse

from gioconda.cli.animate import conclude
from gioconda.cli.options import Subparsers, add_video_options, adder
from gioconda.cli.progress import progress_bar


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("render", help="move a portrait by a motion file")
    add = adder(parser)
    add("photo", str, "a photo, painting or drawing of a face")
    add("motion", str, "a motion file, made by 'gioconda track' or 'gioconda motion'")
    add_video_options(parser)
    add("--audio FILE", str, "a sound to add")
    add("--absolute", bool, "turn the head as in the motion, not relative to the photo")


def run(args: argparse.Namespace) -> None:
    """Render."""
    from gioconda.start import lighten

    lighten()
    import time
    from contextlib import closing, nullcontext

    from gioconda.face.basis import in_basis
    from gioconda.inference import own_models
    from gioconda.media import FileSound, VideoWriter
    from gioconda.media.audio import hear
    from gioconda.media.files import check_apart
    from gioconda.media.formats import format_of
    from gioconda.media.image import check_order
    from gioconda.motion import Motion
    from gioconda.portrait import read_portrait
    from gioconda.provenance import Output
    from gioconda.renderer import Renderer
    from gioconda.renderer.backdrop import ingredient, read_background, setting

    start = time.perf_counter()
    form = format_of(args.output, args.background == "transparent")
    behind = read_background(args.background)
    sources = {"portrait": args.photo, "motion": args.motion, "voice": args.audio}
    given = {name: file for name, file in sources.items() if file is not None}
    given |= ingredient(args.background)
    check_apart(args.output, given.values())
    check_order(args.photo, args.motion, "the motion file")
    motion = Motion.load(args.motion)
    voice = None if args.audio is None else hear(args.audio)
    portrait = read_portrait(args.photo, None if args.full else args.size, args.face, args.anyway)
    motion = in_basis(motion, portrait.basis)
    if not args.absolute:
        motion = portrait.driven(motion)
    renderer = Renderer(portrait, full=args.full, background=behind)
    settings = {"size": args.size, "full": args.full, "face": args.face, "absolute": args.absolute}
    settings |= setting(args.background)
    made = Output(
        given | own_models("basis", "renderer"),
        settings,
        args.consent,
        args.badge,
        args.sign_key,
    )
    with (
        nullcontext() if voice is None else closing(FileSound(voice, form)) as audio,
        progress_bar("frames") as report,
        VideoWriter(
            args.output, renderer.height, renderer.width, audio, made.sign, renderer.alpha
        ) as video,
    ):
        for i, (pose, dynamics) in enumerate(zip(motion.pose, motion.dynamics, strict=True)):
            frame = made.mark(renderer.render(pose, dynamics), renderer.changed)
            video.write(frame, made.mark.changed)
            report(i + 1, len(motion))
    notes = portrait.note, voice.note if voice else None, form.left_out
    note = "; ".join(filter(None, notes)) or None
    conclude(args.output, len(motion), time.perf_counter() - start, note)
