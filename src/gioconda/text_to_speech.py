"""Text-to-speech: a small English voice that comes along, and espeak-ng's where it is installed."""

import io
import shutil
import subprocess
import unicodedata
import wave
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from gioconda.errors import GiocondaError
from gioconda.media import to_int16

ENGLISH: Final = "en-hibari"
_PROGRAM: Final = "espeak-ng"
_TIMEOUT: Final = 20.0  # seconds that espeak-ng gets


def voices() -> dict[str, str]:
    """Name of each voice: the one that comes along first, then espeak-ng's by name."""
    found = {ENGLISH: "English (hibari)"} if find_spec("hibari") else {}
    try:
        table = _espeak("--voices").decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return found
    # priority, language, age and gender, name, ...: one line each, after one of headings
    rows = [line.split() for line in table.splitlines()[1:]]
    named = {row[1]: row[3].replace("_", " ") for row in rows if len(row) > 3}
    return found | dict(sorted(named.items(), key=lambda each: each[1]))


def synthesise(text: str, voice: str) -> bytes:
    """A text as speech: a WAV file, mono, int16, at the voice's own rate.

    Args:
        text: what to say.
        voice: a key of `voices()`.

    Raises:
        GiocondaError: if nothing of the text can be spoken, or the English voice is given letters
            that it does not know.
    """
    if not text.strip():
        raise GiocondaError("the text is empty; give a sentence")
    foreign = "".join(letter for letter in filter(str.isalpha, text) if not _latin(letter))
    if voice == ENGLISH and foreign:
        raise GiocondaError(
            f"the English voice cannot read {foreign:.20}; choose a voice of that language"
        )
    try:
        if voice == ENGLISH:
            return _wav(to_int16(_english()(text)).tobytes(), 24000)
        # by standard input, so that no text is taken for an option
        spoken = _espeak("--stdin", "--stdout", "-b", "1", "-v", voice, text=text)
        with wave.open(io.BytesIO(spoken)) as file:
            return _wav(file.readframes(file.getnframes()), file.getframerate())
    except (OSError, subprocess.SubprocessError, wave.Error, EOFError) as error:
        raise GiocondaError("this voice cannot read the text aloud") from error


def _latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


@cache
def _english() -> Any:
    from hibari import Hibari

    return Hibari()


def _espeak(*arguments: str, text: str = "") -> bytes:
    program = shutil.which(_PROGRAM)
    if program is None:
        raise FileNotFoundError(_PROGRAM)
    given = text.encode("utf-8", "replace")
    return subprocess.run(
        [program, *arguments], input=given, capture_output=True, check=True, timeout=_TIMEOUT
    ).stdout


def _wav(pcm: bytes, rate: int) -> bytes:
    """A WAV file whose header says how long it is; a stream's cannot know."""
    if not np.frombuffer(pcm, np.int16).any():
        raise EOFError
    file = io.BytesIO()
    with wave.open(file, "wb") as whole:
        whole.setparams((1, 2, rate, 0, "NONE", ""))
        whole.writeframes(pcm)
    return file.getvalue()
