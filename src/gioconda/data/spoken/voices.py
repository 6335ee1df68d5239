"""Machines that speak, and know when they say which phone."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import SILENCE, Phone, arpabet
from gioconda.errors import GiocondaError
from gioconda.media import SAMPLE_RATE, read_audio

PACKAGES: Final = "flite festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts"
"""The Debian packages of all voices."""

LICENCE: Final = "MIT-Festival"
"""The licence of all voices, by its SPDX name: use, change, sell, and keep the notices."""

HELD_OUT: Final = "rms"
"""The speaker that is kept for evaluation."""

_TIMEOUT: Final = 60.0  # seconds for a sentence
_FIT: Final = 0.15  # seconds by which sound and times may differ in length
_DECIMALS: Final = 4  # of times in seconds
_CMU: Final = "Carnegie Mellon University"
_EDINBURGH: Final = "Centre for Speech Technology Research, University of Edinburgh"


@dataclass(frozen=True)
class Voice:
    """A voice of flite or festival.

    Attributes:
        tool: "flite" or "festival".
        name: as the tool calls it.
        speaker: whose recordings it was made of; some speakers have several voices.
        package: of Debian.
        copyright: who holds it; the licence is `LICENCE`.
    """

    tool: str
    name: str
    speaker: str
    package: str
    copyright: str

    @property
    def split(self) -> str:
        """The split of all that it says, "train" or "val"; no speaker is in both."""
        return "val" if self.speaker == HELD_OUT else "train"

    def __str__(self) -> str:
        return f"{self.tool}-{self.name.replace('_', '-')}"


# flite's plain `kal` is left out: it is `kal16` at half the bandwidth, with fewer vowels.
VOICES: Final = (
    Voice("flite", "awb", "awb", "flite", _CMU),
    Voice("flite", "kal16", "kal", "flite", _CMU),
    Voice("flite", "rms", "rms", "flite", _CMU),
    Voice("flite", "slt", "slt", "flite", _CMU),
    Voice("festival", "cmu_us_slt_arctic_hts", "slt", "festvox-us-slt-hts", _CMU),
    Voice("festival", "kal_diphone", "kal", "festvox-kallpc16k", "Alan W Black and Kevin Lenzo"),
    Voice("festival", "ked_diphone", "ked", "festvox-kdlpc16k", _EDINBURGH),
)


def installed_voices() -> list[Voice]:
    """Those of `VOICES` that this machine has.

    Raises:
        GiocondaError: if it has none, naming the packages; if a tool fails.
    """
    lists = {"flite": ["flite", "-lv"], "festival": ["festival", "-b", "(print (voice.list))"]}
    names = {
        tool: re.findall(r"\w+", _run(command))
        for tool, command in lists.items()
        if shutil.which(tool)
    }
    voices = [voice for voice in VOICES if voice.name in names.get(voice.tool, ())]
    if not voices:
        raise GiocondaError(
            "no voice of flite or festival is installed; on Debian: apt-get install " + PACKAGES
        )
    return voices


def tool_version(tool: str) -> str:
    """What flite or festival says of its version."""
    return _run([tool, "--version"], statuses=(0, 1)).strip().splitlines()[-1].strip()


def speak(voice: Voice, text: str) -> tuple[NDArray[np.float32], tuple[Phone, ...]]:
    """Say a sentence.

    Args:
        voice: one of `installed_voices()`.
        text: English in ASCII.

    Returns:
        The sound (samples,), 16 kHz mono in [-1, 1], and its phones, without gaps from the
        first sample to the last. The times are those that the tool made the sound by.

    Raises:
        GiocondaError: if the tool is missing, fails, or takes more than a minute; if it says
            nothing; if times and sound do not fit.
    """
    text = " ".join(text.split())
    with TemporaryDirectory(prefix="gioconda-") as folder:
        file = Path(folder) / "speech.wav"
        command = _flite(voice.name, text, file)
        if voice.tool == "festival":
            command = _festival(voice.name, text, file)
        try:
            printed = _run(command)
        except FileNotFoundError:
            raise GiocondaError(
                f"{voice.tool} is not installed; on Debian: apt-get install {voice.package}"
            ) from None
        ends = _ends(printed)
        if not file.exists():
            raise GiocondaError(f"{voice.tool} wrote no sound")
        pcm = read_audio(file)
    return pcm, _phones(ends, len(pcm) / SAMPLE_RATE)


def pronounce(text: str) -> list[str]:
    """The phones of any English text as flite would say it, from its lexicon and rules.

    Raises:
        GiocondaError: if flite is missing or knows no way to say it.
    """
    unknown = GiocondaError(f"'{text}' cannot be pronounced; expected English text in ASCII")
    if not text.isascii():
        raise unknown
    try:
        printed = _run(["flite", "-voice", "kal16", "-ps", "-t", text, "-o", "none"])
    except FileNotFoundError:
        raise GiocondaError(
            f"flite is needed to pronounce '{text}'; on Debian: apt-get install flite"
        ) from None
    phones = [name for name in map(arpabet, printed.split()) if name != SILENCE]
    if not phones:
        raise unknown
    return phones


def _flite(voice: str, text: str, file: Path) -> list[str]:
    return ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(file)]


def _festival(voice: str, text: str, file: Path) -> list[str]:
    """The text as a literal of Scheme, whose escapes of \\ and " are those of JSON."""
    return [
        "festival",
        "-b",
        "--heap",
        "1000000",  # cells, of which the start-up clears each: a tenth of what it would take
        f"(voice_{voice})",
        f"(set! said (utt.synth (Utterance Text {json.dumps(text)})))",
        '(mapcar (lambda (s) (format t "%s:%f " (item.name s) (item.feat s \'end)))'
        " (utt.relation.items said 'Segment))",
        f"(utt.save.wave said {json.dumps(str(file))} 'riff)",
    ]


def _run(command: Sequence[str], statuses: Sequence[int] = (0,)) -> str:
    """What a tool prints. Raises FileNotFoundError if there is no such tool."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise GiocondaError(f"{command[0]} did not answer within {_TIMEOUT:g} s") from None
    if done.returncode not in statuses:
        reasons = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise GiocondaError(f"{command[0]} failed with status {done.returncode}: {reasons[-1]}")
    return done.stdout.decode(errors="replace")


def _ends(printed: str) -> list[tuple[str, float]]:
    """Each phone and its end in seconds, from "name:end name:end ...".

    Raises:
        GiocondaError: if no phone is spoken.
    """
    # festival's ked says each "er" as "er r" and shares the time between them.
    printed = re.sub(r"\ber:\S+ r:", "er:", printed)
    ends = [(arpabet(name), float(end)) for name, end in re.findall(r"(\S+):(\S+)", printed)]
    if not any(name != SILENCE for name, _ in ends):
        raise GiocondaError("no phone was spoken; expected English text in ASCII")
    return ends


def _phones(ends: list[tuple[str, float]], seconds: float) -> tuple[Phone, ...]:
    """Phones over a sound of so many seconds.

    Raises:
        GiocondaError: if they do not fit.
    """
    if abs(ends[-1][1] - seconds) > _FIT:
        raise GiocondaError(f"{ends[-1][1]:.3f} s of phones, but {seconds:.3f} s of sound")
    ends = [*ends[:-1], (ends[-1][0], seconds)]  # diphone voices end amid the last silence
    times = pairwise([0.0, *(round(end, _DECIMALS) for _, end in ends)])
    try:
        return tuple(Phone(name, *span) for (name, _), span in zip(ends, times, strict=True))
    except ValueError as error:
        raise GiocondaError(f"the phones cannot be read: {error}") from error
