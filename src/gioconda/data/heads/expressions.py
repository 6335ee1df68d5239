"""What the heads say and feel: names of visemes, and emotions as mixtures of morphs."""

from collections.abc import Mapping
from typing import Final

VISEMES: Final = (
    *("AE_AA", "AO_a", "Ax_E", "TD_I", "UH_OO", "UW_U", "H_EST", "FV", "S", "SH_CH", "MPB", "KG"),
)


def both(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights of morphs of either side, each for the right (`R`) and the left one (`L`)."""
    return {side + name: weight for name, weight in weights.items() for side in "RL"}


def _sided(middle: Mapping[str, float], sided: Mapping[str, float]) -> dict[str, float]:
    return {**middle, **both(sided)}


# After the same prototypes of FACS as `gioconda.emotions`, with the morphs that come nearest.
EMOTIONS: Final[Mapping[str, Mapping[str, float]]] = {
    # AU 6 + 12
    "happy": _sided({}, {"smileOpen": 0.8, "smileClose": 0.3, "squint": 0.25, "lowLid": 0.2}),
    # AU 1 + 4 + 15
    "sad": _sided({}, {"mouthSad": 1.0, "pityful": 0.9, "sad": 0.4, "eyeClose": 0.2}),
    # AU 4 + 5 + 7 + 23
    "angry": _sided(
        {"JawCompress": 0.4},
        {"browDown": 1.2, "eyeOpen": 0.3, "lowLid": 0.4, "nostril": 0.7, "mouthSad": 0.4},
    ),
    # AU 1 + 2 + 5 + 26
    "surprised": {
        **_sided({"MouthOpen": 0.6}, {"browUp": 1.0, "eyeOpen": 0.9}),
        "RRbrowUp": 1.0,
        "LLbrowUp": 1.0,
    },
    # AU 1 + 2 + 4 + 5 + 20
    "afraid": _sided({"TD_I": 0.6}, {"pityful": 1.0, "browUp": 0.6, "eyeOpen": 1.1}),
    # AU 9 + 10 + 15
    "disgusted": _sided(
        {}, {"disgust": 1.2, "lipUp": 0.4, "browDown": 0.8, "squint": 0.3, "nostril": 0.6}
    ),
}
