"""What Gioconda itself makes of first frames and voices."""

import sys
from pathlib import Path

from gioconda.animator import Animator
from gioconda.evaluation.dependencies import emptied, fingerprint
from gioconda.evaluation.inputs import Input
from gioconda.evaluation.results import Report, counted, silent
from gioconda.generator import LATER
from gioconda.media import VideoWriter, read_audio, read_image
from gioconda.portrait import make_portrait


def animate_inputs(inputs: list[Input], folder: Path, report: Report = silent) -> None:
    """Make every input speak as `gioconda animate` does; what this state has made already stays.

    Args:
        inputs: portraits and voices.
        folder: a system's; the videos lie in folders of people.
        report: called with videos done and videos in all.
    """
    emptied(folder, fingerprint(sys.modules[__name__]))
    for one in counted(inputs, report):
        video = folder / one.person / f"{one.name}.mp4"
        if video.is_file():
            continue
        video.parent.mkdir(parents=True, exist_ok=True)
        pcm = read_audio(one.voice)
        animator = Animator(make_portrait(read_image(one.portrait)), later=LATER)
        size = animator.renderer.height, animator.renderer.width
        with VideoWriter(video, *size, pcm) as out:
            for frame in animator.speak(pcm):
                out.write(frame)
