"""Kinds of video files: what is in each, and what it can carry."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Final

from gioconda.errors import GiocondaError
from gioconda.media.files import ending

STANDARD_OUTPUT: Final = "-"
# Of sound: rates that every player takes, each a whole number of samples a frame of video, and
# channel configurations of AAC (ISO/IEC 14496-3, table 1.19).
_RATES: Final = (32000, 44100, 48000)
# Pixels of the largest square video. Of more, x264 looks half as far ahead: a quarter of its time
# less, for 0.3 dB at a twelfth fewer bits. Nor does it try the smallest parts of a block
# (`partitions`), nor places between half pixels (`subq`), nor far from the likely one (`dia`), for
# nothing so small moves for itself: a quarter less, for 0.1 dB and a few more bits.
_LARGE: Final = 2160 * 2160
_LESS: Final = {"rc-lookahead": "5", "partitions": "i8x8", "motion-est": "dia", "subq": "1"}
_CHANNELS: Final = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1")


@dataclass(frozen=True)
class Format:
    """How a video is coded, in FFmpeg's words.

    Attributes:
        name: what it is called, as a command's option and in messages.
        muxer, layout: of the file, and its options.
        codec, options: of the pictures.
        pixels: their format.
        transparent: their format with alpha, or None.
        sound: the codec of the sound; None if the file holds none.
        rates: of the sound; another becomes the next one up, or the last.
        channels: of the sound, by FFmpeg's names; others become the voice alone.
        signed: whether the file can hold a signed manifest.
        in_parts: whether minutes of it are coded each for itself, so that a run that was killed can
            be gone on with.
        indexed: whether FFmpeg writes fragments, of which a file with an index is made at the end.
    """

    name: str
    muxer: str
    codec: str
    pixels: str
    transparent: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, str] = field(default_factory=dict)
    sound: str | None = None
    rates: tuple[int, ...] = _RATES
    channels: tuple[str, ...] = _CHANNELS
    signed: bool = True
    in_parts: bool = False
    indexed: bool = False

    def coding(self, height: int, width: int) -> dict[str, str]:
        """The options of pictures of this size."""
        large = self.codec == "libx264" and height * width > _LARGE
        return {**self.options, **(_LESS if large else {})}

    @property
    def left_out(self) -> str | None:
        """What a user should know that the file does not hold, in one line, or None."""
        lost = []
        if self.sound is None:
            lost.append("no sound")
        if not self.signed:
            lost.append("no signed manifest, only the invisible mark")
        return f"{self.name} holds {' and '.join(lost)}" if lost else None


_FRAGMENTS: Final = "frag_keyframe+delay_moov+default_base_moof"
# No B-frames: a quarter of the time saved, and no start delay to edit away. No weights of P-frames:
# nothing fades, and looking for them took a third of the time of a large picture.
MP4: Final = Format(
    name="mp4",
    muxer="mp4",
    codec="libx264",
    pixels="yuv420p",
    options={"preset": "veryfast", "crf": "18", "bf": "0", "g": "50", "weightp": "0"},
    # in microseconds: pictures and sound of so much take turns
    layout={"movflags": f"{_FRAGMENTS}+skip_trailer", "frag_duration": "500000"},
    sound="aac",
    in_parts=True,
    indexed=True,
)
# What others read while it is written: a fragment every two seconds, and nothing to go back to.
_PIPE: Final = replace(
    MP4,
    name="standard output",
    layout={"movflags": _FRAGMENTS},
    signed=False,
    in_parts=False,
    indexed=False,
)
FORMATS: Final = {
    form.name: form
    for form in (
        MP4,
        # Opus has 48 kHz alone, and FFmpeg mixes up 5.0 in it. Alternate references have no alpha.
        Format(
            name="webm",
            muxer="webm",
            codec="libvpx-vp9",
            pixels="yuv420p",
            transparent="yuva420p",
            options={
                "crf": "22", "b": "0", "deadline": "realtime", "cpu-used": "5", "row-mt": "1",
                "g": "50", "auto-alt-ref": "0",
            },
            sound="libopus",
            rates=(48000,),
            channels=("mono", "stereo", "3.0", "5.1"),
            signed=False,
            in_parts=True,
        ),
        Format(
            name="mov",
            muxer="mov",
            codec="prores_ks",
            pixels="yuv444p10le",
            transparent="yuva444p10le",
            options={"profile": "4444", "alpha_bits": "8", "vendor": "apl0"},
            sound="pcm_s16le",
            in_parts=True,
        ),
        Format(name="gif", muxer="gif", codec="gif", pixels="pal8", transparent="pal8"),
        Format(
            name="webp",
            muxer="webp",
            codec="libwebp_anim",
            pixels="bgra",
            transparent="bgra",
            options={"quality": "85", "compression_level": "2"},
            layout={"loop": "0"},
        ),
        Format(
            name="png",
            muxer="image2",
            codec="png",
            pixels="rgb24",
            transparent="rgba",
            in_parts=True,
        ),
    )
}  # fmt: skip
WEBM: Final = FORMATS["webm"]
PNG: Final = FORMATS["png"]


def format_of(output: str | os.PathLike[str], alpha: bool = False) -> Format:
    """What an output of this name is to be.

    Args:
        output: the name of a file, whose ending says it; of a folder for PNGs, with a slash at its
            end; or "-", the standard output.
        alpha: its pictures are to have it.

    Raises:
        GiocondaError: if the name says none, or one without alpha where that is wanted.
    """
    form = _named(os.fspath(output))
    if alpha and form.transparent is None:
        able = [_called(form) for form in FORMATS.values() if form.transparent]
        raise GiocondaError(
            f"{form.name} cannot be transparent; expected {', '.join(able[:-1])} or {able[-1]}."
        )
    # its alpha lies beside the packets that are kept
    return replace(form, in_parts=False) if alpha and form is WEBM else form


def _named(name: str) -> Format:
    if name == STANDARD_OUTPUT:
        return _PIPE
    if name.endswith(("/", os.sep)):
        return PNG
    suffix = PurePath(name).suffix
    form = FORMATS.get(suffix.lower()[1:])
    if form is None or form is PNG:
        known = ", ".join(_called(form) for form in FORMATS.values())
        raise GiocondaError(
            f"{name} {ending(suffix)}; expected {known}, or - for the standard output."
        )
    return form


def _called(form: Format) -> str:
    return "a slash for a folder of PNGs" if form is PNG else f".{form.name}"
