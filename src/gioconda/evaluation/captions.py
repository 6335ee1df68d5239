"""How tables call the fields that have no label of their own, and groups of figures."""

from typing import Final

from gioconda.evaluation.reenactment import UNITS

_GROUPS: Final = {
    "articulation": "How far lips and brows move",
    "brows": "How brows move in long speech",
    "closures": "Lips that meet on p, b, m in clips",
    "contacts": "Lips that meet on p, b, m, and are near the teeth on f, v",
    "delay": "From a sound to its motion, computing left out",
    "distance": "Distance of motion",
    "drift": "Ten minutes of speech: the first and the last",
    "errors": "How far off the motion is that is found again",
    "eyes": "Eyes",
    "face": "Face",
    "families": "Clips of each family",
    "first frame": "From the request to the first picture",
    "following": "Lips that follow song and rap",
    "head": "How far the head moves",
    "head interval": "How far real heads move: ends of the 95 % interval",
    "head voice": "Whether the head moves with the voice",
    "held": "Vowels, spoken and held, % of the eye distance",
    "inner mouth": "Inner mouth",
    "lids": "Lids",
    "likeness": "How alike two heads are",
    "lips": "Lips against the real ones",
    "lips by family": "Lips against the real ones, by family",
    "loads": "Several viewers at once",
    "movement": "How much moves",
    "movement interval": "How much moves in real people: ends of the 95 % interval",
    "order": "Order of phones by shape of the mouth: rank correlation with real clips",
    "own level": "How far lips and brows move, the dials at each clip's own level",
    "pace": "One viewer",
    "pipeline": "All stages together, encoding beside them",
    "psnr": "Likeness to the picture of full precision, dB",
    "seeds": "Whether a run can be repeated",
    "session": "Delay in a session",
    "shapes": "Shape of the mouth by phone, % of the eye distance",
    "silence": "Mouth without a voice",
    "spoken closures": "Lips that meet on p, b, m in spoken sentences",
    "spoken touches": "Lip near the teeth on f, v in spoken sentences",
    "stages": "Time of each stage",
    "sync": "Sync judge's score, by frames that the sound comes late",
    "undisturbed": "Delay on an idle processor",
    "voiceless": "Mouth without a voice",
    "webrtc": "Delay through WebRTC",
}
_FIGURES: Final = {
    "background": "change of the border, of 255",
    "between": "spread of the minutes' means",
    "blinks": "blinks a minute",
    "closure threshold": "lips meet under, % of the eye distance",
    "decoder gmac": "decoder, thousand million multiplications",
    "encoder gmac": "encoder, thousand million multiplications",
    "encoding alone fps": "encoding alone, frames a second",
    "first": "mean of minute 1",
    "frame": "frame of the sound",
    "first spread": "spread in minute 1",
    "fps": "frames a second",
    "frame ms": "processor's time for a frame, ms",
    "last": "mean of minute 10",
    "last spread": "spread in minute 10",
    "late": "share of frames over 40 ms late",
    "left out": "share of frames left out",
    "long minutes": "minutes of long speech",
    "long people": "people with long speech",
    "lost": "frames without a face, %",
    "missing": "without an answer",
    "moved": "moves in the clip itself",
    "most ms": "most, ms",
    "own moment": "head judge prefers own moment, %",
    "own voice": "head judge prefers own voice, %",
    "p50": "median",
    "p50 ms": "median, ms",
    "p50, ms": "median, ms",
    "p95": "95th percentile",
    "p95, ms": "95th percentile, ms",
    "portrait seconds": "portrait made ready in, s",
    "ratio to encoding alone": "share of the pace of encoding alone",
    "refused": "clips refused",
    "render ms": "drawing a frame, ms",
    "seconds": "seconds of speech",
    "size": "side, pixels",
    "smiles in speech": "smiles a minute while it hears speech",
    "touch threshold": "lip near the teeth under, % of the eye distance",
}
_UNITS: Final = UNITS | {"log_scale": "%"}
_OF_POSE: Final = ("errors", "drift")


def title_of(group: str) -> str:
    """What a group of figures is called."""
    return _GROUPS.get(group, group)


def label_of(name: str, group: str = "") -> str:
    """What a figure is called, with its unit where the group's figures have none."""
    unit = _UNITS.get(name.replace(" ", "_")) if group in _OF_POSE else None
    return f"{name}, {unit}" if unit else _FIGURES.get(name, name)
