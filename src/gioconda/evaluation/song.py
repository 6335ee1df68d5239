"""Song and rap: do lips follow a voice that is slow, quick, high or low, with music under it?

Real clips of people who sing with tracked lips there are none. So the sound of clips is changed,
and the real lips with it; vowels of spoken sentences are held, as singers hold them; and of music
alone nothing may open the mouth. docs/evaluation.md defines the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.phones import Phone
from gioconda.data.spoken.utterances import Utterance
from gioconda.data.voices import pitched, stretched
from gioconda.errors import GiocondaError
from gioconda.evaluation.articulation import by_family
from gioconda.evaluation.lips import lips
from gioconda.evaluation.results import Report, measure, silent
from gioconda.evaluation.silence import MouthAtRest, mouth_at_rest, music, quiet_sounds
from gioconda.evaluation.speech import correlation
from gioconda.evaluation.trials import Maker, Trial, generate, read_trials
from gioconda.face.basis import Basis, released_basis
from gioconda.media import FPS, SAMPLE_RATE, Sound
from gioconda.motion import Motion

CLEAN: Final = "as it is"
CHANGES: Final = {
    "music under": (1.0, 0.0),
    "0.6 times as fast, music": (0.6, 0.0),
    "1.6 times as fast, music": (1.6, 0.0),
    "5 semitones up, music": (1.0, 5.0),
    "5 semitones down, music": (1.0, -5.0),
}
"""How many times as fast, and semitones higher."""

HELD: Final = {"a": ("AA", "AE"), "i": ("IY",), "u": ("UW",), "o": ("AO", "OW")}
_UNDER: Final = 10.0  # dB of the voice over the music
_MOST: Final = 15  # clips of a family, evenly spread over its people
_LEAST_MOVEMENT: Final = 0.005  # standard deviation, in inter-ocular distances
_SHARE: Final = 0.25  # of the speed at which vowels are held
_LEAST_VOWEL: Final = 0.08  # seconds
_VOWELS: Final = 10  # that are held, of each kind
_FILE: Final = 20.0  # seconds of a piece of music


@dataclass(frozen=True)
class Following:
    """Median r of clips in which the real lips move, and its part of that of the clean sound."""

    clips: int
    opening: float = measure("mouth opening, r, median")
    width: float = measure("mouth width, r, median")
    opening_part: float = measure("opening's r over the clean one's")
    width_part: float = measure("width's r over the clean one's")


@dataclass(frozen=True)
class HeldVowel:
    """Means in the middle of vowels, against the neutral face, % of the inter-ocular distance."""

    vowels: int
    opening: float = measure("opening, spoken", "%", ".1f")
    opening_held: float = measure("opening, held", "%", ".1f")
    width: float = measure("width, spoken", "%", "+.1f")
    width_held: float = measure("width, held", "%", "+.1f")
    advance: float = measure("advance, spoken", "%", "+.1f")
    advance_held: float = measure("advance, held", "%", "+.1f")


@dataclass(frozen=True)
class SongResult:
    """By change of the sound; by vowel; by sound without a voice."""

    people: int
    following: dict[str, Following]
    held: dict[str, HeldVowel] = field(default_factory=dict)
    voiceless: dict[str, MouthAtRest] = field(default_factory=dict)


def evaluate_song(
    clips: list[Clip],
    make: Maker,
    sentences: Sequence[Utterance] = (),
    pieces: Mapping[str, Sound] | None = None,
    report: Report = silent,
) -> SongResult:
    """All figures of a generator.

    Args:
        clips: of people that nothing was learned from.
        make: the generator.
        sentences: spoken by machines, whose vowels are held.
        pieces: music without a voice, by name, besides that of a formula.
        report: called with steps done and steps in all.

    Raises:
        GiocondaError: if no clip has speech.
    """
    basis = released_basis()
    trials = [trial for trial in read_trials(clips, basis) if len(trial.spoken)]
    if not trials:
        raise GiocondaError("no held-out clip has speech; make a set with gioconda prepare")
    chosen = _spread(trials)
    total = len(CHANGES) + 3
    found: dict[str, Following] = {}
    clean = _following(make, chosen, (1.0, 0.0), None, basis)
    found[CLEAN] = _compared(clean, clean)
    report(1, total)
    for step, (name, change) in enumerate(CHANGES.items(), 2):
        found[name] = _compared(_following(make, chosen, change, _UNDER, basis), clean)
        report(step, total)
    held = _held_vowels(make, sentences, basis)
    report(total - 1, total)
    sounds = quiet_sounds() | {
        name: pcm[: round(_FILE * SAMPLE_RATE)] for name, pcm in (pieces or {}).items()
    }
    quiet = {name: mouth_at_rest(generate(make, pcm), basis) for name, pcm in sounds.items()}
    report(total, total)
    return SongResult(len({trial.person for trial in chosen}), found, held, quiet)


def changed(
    pcm: Sound, speed: float, semitones: float, under: float | None, seed: int = 0
) -> Sound:
    """A voice at another speed and pitch, with music so many dB under it.

    Args:
        pcm: (samples,) 16 kHz mono.
        speed: how many times as fast, the pitch kept.
        semitones: higher, at that speed.
        under: dB of the voice over the music; None for no music.
        seed: of the music.
    """
    sound = np.asarray(pcm, np.float64)
    if speed != 1:
        sound = stretched(sound, speed)
    if semitones:
        sound = pitched(sound, semitones)
    if under is not None:
        bed = music(len(sound) / SAMPLE_RATE + 1, seed)[: len(sound)].astype(np.float64)
        bed *= np.sqrt((sound**2).mean() / (bed**2).mean()) * 10 ** (-under / 20)
        sound = sound + bed
    return np.clip(sound, -1, 1).astype(np.float32)


def _spread(trials: Sequence[Trial]) -> list[Trial]:
    kept: list[int] = []
    for rows in by_family(trials).values():
        at = np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).round().astype(int)
        kept += [rows[i] for i in at]
    return [trials[i] for i in sorted(kept)]


def _following(
    make: Maker,
    trials: Sequence[Trial],
    change: tuple[float, float],
    under: float | None,
    basis: Basis,
) -> list[tuple[float, float]]:
    """r of opening and width of each trial; NaN where the real lips are still."""
    speed, semitones = change
    rows = []
    for seed, trial in enumerate(trials):
        motion = generate(make, changed(trial.pcm, speed, semitones, under, seed))
        made, real = (lips(m, trial.neutral, basis) for m in (motion, trial.spoken))
        at = np.arange(min(len(motion), int((len(trial.spoken) - 1) / speed))) * speed
        rows.append(
            (_agreement(made.opening, real.opening, at), _agreement(made.width, real.width, at))
        )
    return rows


def _agreement(
    made: NDArray[np.float64], real: NDArray[np.float64], at: NDArray[np.floating]
) -> float:
    """r of what was made with the real one at other times, in frames (T,)."""
    wanted = np.interp(at, np.arange(len(real)), real)
    return correlation(made[: len(at)], wanted) if real.std() > _LEAST_MOVEMENT else float("nan")


def _compared(found: list[tuple[float, float]], clean: list[tuple[float, float]]) -> Following:
    (opening, width), (clean_opening, clean_width) = (
        np.nanmedian(np.array(one), axis=0).tolist() for one in (found, clean)
    )
    parts = opening / clean_opening, width / clean_width
    return Following(len(found), opening, width, *parts)


# --- held vowels ---


def _held_vowels(make: Maker, sentences: Sequence[Utterance], basis: Basis) -> dict[str, HeldVowel]:
    """Vowels spoken and held, of sentences that are spread over all."""
    found = {}
    for name, phones in HELD.items():
        places = [
            (one, phone)
            for one in sentences
            for phone in one.phones
            if phone.name in phones and phone.end - phone.start >= _LEAST_VOWEL
        ]
        at = np.linspace(0, len(places) - 1, min(_VOWELS, len(places))).round().astype(int)
        if len(at):
            rows = [_spoken_and_held(make, places[i], basis) for i in at]
            means = np.mean(rows, axis=0).T.ravel().tolist()
            found[name] = HeldVowel(len(rows), *means)
    return found


def hold(pcm: Sound, phone: Phone) -> tuple[Sound, float]:
    """The sound with one phone at a quarter of the speed, and how long the phone is then."""
    first, stop = (round(time * SAMPLE_RATE) for time in (phone.start, phone.end))
    slow = stretched(np.asarray(pcm[first:stop], np.float64), _SHARE)
    whole = np.concatenate([pcm[:first], slow, pcm[stop:]]).astype(np.float32)
    return whole, len(slow) / SAMPLE_RATE


def _spoken_and_held(
    make: Maker, place: tuple[Utterance, Phone], basis: Basis
) -> NDArray[np.float64]:
    """Opening, width and advance (2, 3) in the middle of a phone, spoken and held, in percent."""
    one, phone = place
    still = Motion(
        np.zeros((1, 6), np.float32), np.zeros((1, len(basis.dynamics)), np.float32), basis.name
    )
    rest = lips(still, basis.mean, basis)
    held, seconds = hold(one.pcm, phone)
    rows = []
    for pcm, length in ((one.pcm, phone.end - phone.start), (held, seconds)):
        made = lips(generate(make, pcm), basis.mean, basis)
        first = int((phone.start + length / 3) * FPS)
        middle = slice(first, max(first + 1, round((phone.start + length * 2 / 3) * FPS)))
        rows.append(
            [
                made.opening[middle].mean(),
                made.width[middle].mean() - rest.width[0],
                made.advance[middle].mean() - rest.advance[0],
            ]
        )
    return 100 * np.array(rows)
