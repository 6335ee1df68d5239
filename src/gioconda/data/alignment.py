"""When the phones of a known text are heard in a recording, by forced alignment."""

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import Phone, arpabet
from gioconda.data.voices import pronounce
from gioconda.errors import GiocondaError
from gioconda.media import SAMPLE_RATE

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_HOP: Final = 0.01  # seconds: a frame of the acoustic model
_FILLERS: Final = frozenset({"SIL", "+NSN+", "+SPN+"})
_WORST: Final = -30.0  # mean score of a frame; texts that fit have -8 to -20, others below -40
_SHORTEST: Final = 0.1  # seconds
_APOSTROPHES: Final = str.maketrans("’‘ʼ", "'''")


def align(pcm: NDArray[np.float32], text: str) -> list[Phone]:
    """Find each phone of what is said.

    A hidden Markov model of American English finds the likeliest course of the words, with
    pauses between them where there are some, and then the phones of each (pocketsphinx and its
    acoustic model, frames of 10 ms). A word that its dictionary lacks, and a figure such as
    "25", is said as flite would say it. Its error is what ``gioconda evaluate alignment`` prints.

    Args:
        pcm: (samples,) 16 kHz mono in [-1, 1], one sentence or a few.
        text: all that is said, in English; punctuation does not count.

    Returns:
        Phones without gaps from the start of the recording to its end; pauses and noises are
        `SILENCE`.

    Raises:
        GiocondaError: if pocketsphinx is missing; if there is no text; if the text has words
            that neither the dictionary nor flite knows; if the text does not fit the sound.
        ValueError: if `pcm` is not one-dimensional.
    """
    if pcm.ndim != 1:
        raise ValueError(f"pcm must be (samples,), is {pcm.shape}")
    decoder = _decoder()
    spoken = " ".join(_words(decoder, text))
    seconds = len(pcm) / SAMPLE_RATE
    unfit = GiocondaError(
        f"the text does not fit the {seconds:.1f} s of sound: '{_excerpt(text)}'; expected all "
        "that is said in it, and nothing else"
    )
    if seconds < _SHORTEST:
        raise unfit
    sound = (np.clip(np.nan_to_num(pcm), -1, 1) * 32767).astype(np.int16).tobytes()
    decoder.set_align_text(spoken)
    _listen(decoder, sound)
    if decoder.hyp() is None:
        raise unfit
    try:
        decoder.set_alignment()
        _listen(decoder, sound)
    except RuntimeError:
        raise unfit from None
    found = list(decoder.get_alignment().phones())
    if sum(phone.score for phone in found) < _WORST * sum(phone.duration for phone in found):
        raise unfit
    return _phones([(phone.name, phone.start) for phone in found], seconds)


def _phones(starts: list[tuple[str, int]], seconds: float) -> list[Phone]:
    """Phones from their first frames, which the sound's end closes."""
    ...


@cache
def _decoder() -> "Decoder":
    try:
        from pocketsphinx import Decoder
    except ImportError:
        raise GiocondaError(
            "pocketsphinx is missing, which alignment needs; install gioconda[align]"
        ) from None
    # With the mean of the whole recording, no recording leaves a trace in the next.
    return Decoder(samprate=SAMPLE_RATE, lm=None, cmn="batch", bestpath=False, loglevel="FATAL")


def _listen(decoder: "Decoder", sound: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
