"""Text-to-speech by espeak-ng, if it is installed."""

import io
import shutil
import subprocess
import wave
from functools import cached_property
from typing import Final

from gioconda.live.errors import RefusalError

_PROGRAM: Final = "espeak-ng"
_TIMEOUT: Final = 20.0  # seconds


class TextToSpeech:
    """espeak-ng's voices, each by its language.

    Args:
        max_chars: of a text.
    """

    def __init__(self, max_chars: int) -> None:
        self._max_chars = max_chars

    @cached_property
    def voices(self) -> dict[str, str]:
        """Name of each voice; empty without espeak-ng."""
        try:
            table = self._run("--voices").decode("utf-8", "replace")
        except (OSError, subprocess.SubprocessError):
            return {}
        # priority, language, age and gender, name, ...: one line each, after one of headings
        rows = [line.split() for line in table.splitlines()[1:]]
        named = {row[1]: row[3].replace("_", " ") for row in rows if len(row) > 3}
        return dict(sorted(named.items(), key=lambda each: each[1]))

    def synthesise(self, text: str, voice: str) -> bytes:
        """A text as speech: a WAV file, mono.

        Raises:
            RefusalError: if there is no such voice, or the text is empty, too long or cannot
                be spoken.
        """
        if voice not in self.voices:
            raise RefusalError(404, "no-voice", "this server has no such voice to read aloud")
        if not text.strip() or len(text) > self._max_chars:
            raise RefusalError(400, "text", f"expected a text of 1 to {self._max_chars} characters")
        try:
            # by standard input, so that no text is taken for an option
            spoken = self._run("--stdin", "--stdout", "-b", "1", "-v", voice, text=text)
            return _whole(spoken)
        except (OSError, subprocess.SubprocessError, wave.Error, EOFError) as error:
            raise RefusalError(400, "text", "this text cannot be read aloud") from error

    def _run(self, *arguments: str, text: str = "") -> bytes:
        program = shutil.which(_PROGRAM)
        if program is None:
            raise FileNotFoundError(_PROGRAM)
        given = text.encode("utf-8", "replace")
        return subprocess.run(
            [program, *arguments], input=given, capture_output=True, check=True, timeout=_TIMEOUT
        ).stdout


def _whole(stream: bytes) -> bytes:
    """A WAV file whose header says how long it is; a stream's cannot know."""
    with wave.open(io.BytesIO(stream)) as spoken:
        channels, width, rate = spoken.getparams()[:3]
        pcm = spoken.readframes(spoken.getnframes())
    if not pcm:
        raise EOFError
    file = io.BytesIO()
    with wave.open(file, "wb") as whole:
        whole.setparams((channels, width, rate, 0, "NONE", ""))
        whole.writeframes(pcm)
    return file.getvalue()
