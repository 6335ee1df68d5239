"""gioconda plot: what a face does over time, as a picture."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gioconda.cli.options import Subparsers, add_option, add_output

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from gioconda.motion import Motion

_COLOURS: Final = ("#2a6fbb", "#d4660a", "#2f8f5b")
_INK, _LINES, _SOUND = "#59636e", "#d9dee4", "#8c96a0"
_LOOK: Final = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    "text.parse_math": False,
    "axes.edgecolor": _LINES,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": _LINES,
    "grid.linewidth": 0.6,
    "figure.constrained_layout.h_pad": 0.08,
    "legend.frameon": False,
    "legend.borderaxespad": 0,
    "lines.linewidth": 1.2,
    "font.size": 9,
}
# What a panel shows at least, so that noise stays small; by the first word of its title.
_LEAST: Final = {"Mouth": (0, 5), "Lid": (0, 0.35), "Gaze": (-5, 5), "Head": (-5, 5)}
_PIECE: Final = 1000  # frames measured at a time, so that memory stays bounded
_SLICES: Final = 50  # a second, of which the waveform shows the least and the most


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("plot", help="draw a motion file: mouth, lids, gaze, head")
    add_option(parser, "MOTION", Path, "a motion file, .npz")
    add_option(parser, "--audio FILE", str, "the voice, drawn above the motion")
    add_output(parser, "the .png to write")


def run(args: argparse.Namespace) -> None:
    """Plot."""
    from gioconda.data.videos.card import check_matplotlib
    from gioconda.media import read_audio
    from gioconda.media.files import whole_file
    from gioconda.motion import Motion

    check_matplotlib("the plot")
    with whole_file(args.output, (".png",)) as file:
        motion = Motion.load(args.motion)
        voice = None if args.audio is None else read_audio(args.audio)
        draw(motion, voice, file)


def measured(motion: "Motion") -> dict[str, dict[str, "NDArray[np.floating]"]]:
    """What is drawn: of each panel, under its title with the unit, its named lines, (T,).

    Mouth and lids are those of the mean face, moved as the motion says.

    Raises:
        GiocondaError: if the motion is in another basis than the released one.
    """
    import numpy as np

    from gioconda.evaluation.dials import directions
    from gioconda.face import measure
    from gioconda.face.basis import in_basis, released_basis
    from gioconda.face.pose import rotation

    basis = released_basis()
    motion = in_basis(motion, basis)
    mouth, lids, gaze = [], [], []
    for start in range(0, len(motion), _PIECE):
        faces = basis.rebuild(motion.dynamics[start : start + _PIECE], basis.mean)
        mouth.append(measure.mouth_opening(faces))
        lids.append(measure.lid_opening(faces))
        gaze.append(measure.gaze(faces))
    right, left = np.concatenate(lids).T
    turned = np.array([rotation(*angles) for angles in motion.pose[:, :3].tolist()])
    gaze_yaw, gaze_pitch = directions(turned, np.concatenate(gaze)).T
    yaw, pitch, roll = np.degrees(motion.pose[:, :3]).T
    return {
        "Mouth opening, % of the eyes' distance": {"": 100 * np.concatenate(mouth)},
        "Lid opening, height / width": {"right eye": right, "left eye": left},
        "Gaze against the camera, degrees": {"yaw, right": gaze_yaw, "pitch, up": gaze_pitch},
        "Head turned, degrees": {"yaw, right": yaw, "pitch, up": pitch, "roll, clockwise": roll},
        "Head moved, % of the eyes' distance; size, %": {
            "x, right": 100 * motion.pose[:, 3],
            "y, down": 100 * motion.pose[:, 4],
            "size": 100 * (np.exp(motion.pose[:, 5]) - 1),
        },
    }


def draw(motion: "Motion", voice: "NDArray[np.float32] | None", path: Path) -> None:
    """Draw a motion, and the voice above it, into a PNG file."""
    import numpy as np
    from matplotlib import style
    from matplotlib.figure import Figure

    from gioconda.media import FPS

    panels = measured(motion)
    count = len(panels) + (voice is not None)
    seconds = len(motion) / FPS
    width = float(np.clip(0.5 * seconds, 9, 36))
    with style.context(["default", _LOOK]):
        figure = Figure(figsize=(width, 1.6 * count), dpi=120, layout="constrained")
        axes = list(figure.subplots(count, sharex=True))
        if voice is not None:
            _draw_voice(axes[0], voice)
        times = np.arange(len(motion)) / FPS
        for axis, (title, lines) in zip(axes[-len(panels) :], panels.items(), strict=True):
            axis.set_title(title)
            for colour, (name, values) in zip(_COLOURS, lines.items(), strict=False):
                axis.plot(times, values, color=colour, label=name)
            if len(lines) > 1:
                axis.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(lines))
            (low, high), (below, above) = axis.get_ylim(), _LEAST[title.split()[0]]
            axis.set_ylim(min(low, below), max(high, above))
            if below:
                axis.axhline(0, color=_INK, linewidth=0.6, zorder=0.5)
        for axis in axes:
            axis.grid()
            axis.tick_params(length=0)
        axes[-1].set_xlim(0, seconds)
        axes[-1].set_xlabel("seconds")
        figure.savefig(path, format="png", metadata={"Software": None})


def _draw_voice(axis: "Axes", voice: "NDArray[np.float32]") -> None:
    import numpy as np

    from gioconda.media import SAMPLE_RATE

    hop = SAMPLE_RATE // _SLICES
    slices = np.pad(voice, (0, -len(voice) % hop)).reshape(-1, hop)
    times = (np.arange(len(slices)) + 0.5) / _SLICES
    axis.set_title("Voice")
    axis.fill_between(times, slices.min(1), slices.max(1), color=_SOUND, linewidth=0)
