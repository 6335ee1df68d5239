"""Text-to-speech for clients of the server."""

from functools import cached_property

from gioconda.errors import GiocondaError
from gioconda.live.errors import RefusalError
from gioconda.text_to_speech import synthesise, voices


class TextToSpeech:
    """The voices that this machine has.

    Args:
        max_chars: of a text.
    """

    def __init__(self, max_chars: int) -> None:
        self._max_chars = max_chars

    @cached_property
    def voices(self) -> dict[str, str]:
        """Name of each voice."""
        return voices()

    def synthesise(self, text: str, voice: str) -> bytes:
        """A text as speech: a WAV file, mono.

        Raises:
            RefusalError: if there is no such voice, or the text is empty, too long or cannot
                be spoken.
        """
        if voice not in self.voices:
            raise RefusalError(404, "no-voice", "this server has no such voice")
        if not text.strip() or len(text) > self._max_chars:
            found = f"{len(text.strip())} characters; expected 1 to {self._max_chars}"
            raise RefusalError(400, "text", f"the text has {found}, so send a long one in parts")
        try:
            return synthesise(text, voice)
        except GiocondaError as error:
            raise RefusalError(400, "text", str(error)) from error
