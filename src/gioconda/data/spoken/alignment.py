"""When the phones of a known text are heard in a recording, by forced alignment."""

import re
import unicodedata
from functools import cache
from textwrap import shorten
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import SILENCE, Phone
from gioconda.data.spoken.voices import pronounce
from gioconda.errors import GiocondaError
from gioconda.media import SAMPLE_RATE

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_HOP: Final = 0.01  # seconds: a frame of the acoustic model
_PAUSES: Final = frozenset({"SIL", "+NSN+", "+SPN+"})
# The mean score of a frame is -17 or better for clean speech with its text, -40 and less with
# another; where half of the words are others, it is about here.
_WORST: Final = -25.0
_SHORTEST: Final = 0.1  # seconds
_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)*'?")
_PUNCTUATION: Final = ".,;:!?…-–—*_'\"“”„«»()[]{}<>/|"


def align(pcm: NDArray[np.float32], text: str) -> list[Phone]:
    """Find each phone of a transcript.

    A hidden Markov model of American English (pocketsphinx with the acoustic model that comes
    with it) finds the likeliest timing of the words, with pauses between them where there are
    some, and then of their phones. A word that its dictionary lacks, and a figure such as
    "25", is taken as flite says it. ``gioconda evaluate alignment`` prints the error.

    Args:
        pcm: (samples,) 16 kHz mono in [-1, 1]; a sentence or a few.
        text: the whole transcript, in English; punctuation does not count.

    Returns:
        Phones without gaps from the first sample to the last; pauses and noises are `SILENCE`.
        Times are multiples of 10 ms, but for the last.

    Raises:
        GiocondaError: if pocketsphinx is missing; if the text has no words, or words that
            neither the dictionary nor flite knows; if the text does not fit the sound.
        ValueError: if `pcm` is not one-dimensional.
    """
    if pcm.ndim != 1:
        raise ValueError(f"pcm must be (samples,), not {pcm.shape}")
    decoder = _decoder()
    spoken = _in_dictionary(decoder, text)
    seconds = len(pcm) / SAMPLE_RATE
    found = _segments(decoder, pcm, spoken) if seconds >= _SHORTEST else None
    if found is None:
        raise GiocondaError(
            f"{seconds:.1f} s of sound do not fit the text '{shorten(text, 60)}'; "
            "expected all that is said in it, and no more"
        )
    phones: list[Phone] = []
    ends = [start * _HOP for _, start in found[1:]] + [seconds]
    for (name, start), end in zip(found, ends, strict=True):
        begin = phones[-1].end if phones else start * _HOP
        phone = SILENCE if name in _PAUSES else name
        if phone == SILENCE and phones and phones[-1].name == SILENCE:
            begin = phones.pop().start
        phones.append(Phone(phone, begin, round(end, 4)))
    return phones


def _segments(
    decoder: "Decoder", pcm: NDArray[np.float32], spoken: str
) -> list[tuple[str, int]] | None:
    """Each phone and its first frame; None where the words do not fit the sound."""
    sound = (np.clip(np.nan_to_num(pcm), -1, 1) * 32767).astype(np.int16).tobytes()
    decoder.set_align_text(spoken)
    _listen(decoder, sound)
    if decoder.hyp() is None:
        return None
    try:
        decoder.set_alignment()
        _listen(decoder, sound)  # after which `hyp` must not be called: it crashes
    except RuntimeError:
        return None
    found = list(decoder.get_alignment().phones())
    score = sum(phone.score for phone in found) / sum(phone.duration for phone in found)
    return None if score < _WORST else [(phone.name, phone.start) for phone in found]


def _in_dictionary(decoder: "Decoder", text: str) -> str:
    """The words of a text, separated by spaces, all of them in the decoder's dictionary.

    Raises:
        GiocondaError: if there is none, or one that nothing knows how to say.
    """
    words: list[str] = []
    for token in _plain(text).split():
        token = token.strip(_PUNCTUATION)
        if token.isascii() and not any(character.isdigit() for character in token):
            words += _WORD.findall(token)
        elif any(character.isalnum() for character in token):
            words.append(token)
    if not words:
        raise GiocondaError(f"'{shorten(text, 60)}' has no words; expected the transcript")
    for word in words:
        if decoder.lookup_word(word) is None:
            decoder.add_word(word, " ".join(pronounce(word)))
    return " ".join(words)


def _plain(text: str) -> str:
    """In lower case, without accents and typographic apostrophes."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return re.sub(r"[’‘ʼ]", "'", "".join(c for c in letters if not unicodedata.combining(c)))


@cache
def _decoder() -> "Decoder":
    try:
        from pocketsphinx import Decoder
    except ImportError:
        raise GiocondaError(
            "pocketsphinx is missing; install it with: pip install pocketsphinx (for Python "
            "3.14 that needs a C compiler)"
        ) from None
    return Decoder(samprate=SAMPLE_RATE, lm=None, cmn="batch", bestpath=False, loglevel="FATAL")


def _listen(decoder: "Decoder", sound: bytes) -> None:
    decoder.reinit_feat()  # or the recording before this one would have its say
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
