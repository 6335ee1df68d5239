"""When lips should meet: the phones of a recording, by an ear that had no part in the training.

Where the words are known they are aligned (pocketsphinx, BSD); else hama (Seongmin Park,
Apache-2.0) writes down what it hears, in any language. It tells about when a phone sounds and not
how long, so each gets the frames about that moment.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import Phone
from gioconda.data.spoken.alignment import align
from gioconda.errors import GiocondaError
from gioconda.media import SAMPLE_RATE

ALIGNED, HEARD = "pocketsphinx, with the words", "hama"
# IPA without length and stress; a stop is heard as it opens, so the lips met before.
_SOUNDS: Final = {
    **dict.fromkeys("pbm", "M"),
    **dict.fromkeys("fv", "V"),
    **dict.fromkeys("aeiouæɑɐɒɔəɛɜɪʊʌɯøœyɤɨʉ", "AA"),
}
_REACH: Final = {"M": (0.12, 0.04), "V": (0.08, 0.04), "AA": (0.02, 0.06)}  # seconds before, after


def spoken_phones(pcm: NDArray[np.float32], text: str | None = None) -> tuple[list[Phone], str]:
    """The phones of a recording, and by whom.

    Of those that hama hears p, b and m are all called M, f and v are V, vowels are AA; others are
    left out.

    Args:
        pcm: (samples,) 16 kHz mono.
        text: what is said, in English.

    Returns:
        Nothing, and no name, where neither text nor the `judges` extra is there.
    """
    if text:
        try:
            return align(pcm, text), ALIGNED
        except GiocondaError:  # text and sound do not fit
            pass
    if find_spec("hama") is None:
        return [], ""
    ear, seconds = _ear(), len(pcm) / SAMPLE_RATE
    spans = ear.phoneme_spans(ear.transcribe_waveform(pcm, SAMPLE_RATE))
    phones = []
    for span in spans:
        if name := _SOUNDS.get(span.phoneme[:1]):
            before, after = _REACH[name]
            start, end = span.start_ms / 1000 - before, span.start_ms / 1000 + after
            if max(0.0, start) < min(end, seconds):
                phones.append(Phone(name, max(0.0, start), min(end, seconds)))
    return phones, HEARD


@cache
def _ear() -> Any:
    return import_module("hama.asr").ASRModel()
