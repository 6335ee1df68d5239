"""The search for the mark: at any scale, place and crop, turned a little, mirrored, in
perspective; and how likely it is that what was found is chance.

Chance is known exactly. The phases of the pattern are drawn at random and have nothing to do with
the picture, so for every picture whatever, marked or not, a weighted sum of cosines of the
differences between its phases and the pattern's is a sum of independent terms whose
characteristic bound is exp(-z^2 / 2) at z standard deviations (Hoeffding's lemma; a cosine of a
random phase, E exp(t cos) = I_0(t) <= exp(t^2 / 4), is strictly sub-Gaussian). That bound times
the number of places that the search looks at bounds the false positives.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from gioconda.provenance.code import BITS, decode, encode, unpack
from gioconda.provenance.pattern import PUBLIC_KEY, Pattern, make_pattern

CHANCE = 1e-6  # a mark is reported where chance does as well less often than this

_LONGEST = 1280  # pixels; larger pictures are made smaller
_SHORTEST_TILE = 32.0  # pixels
_FEWEST_TILES = 1.2  # along the longer side
_SCALE_STEP = 0.009
_TURNS = np.radians(np.arange(-8.0, 8.1, 0.5))
_GRID = 32  # places along a tile at which the coarse search looks
_LEAN, _LEANS = 0.06, 2  # how finely and how far perspective is looked for
_BATCH = 128
_FINE = 64  # pixels of a tile where it is looked at from near


@dataclass(frozen=True)
class Finding:
    """What the search says of a video.

    Attributes:
        found: whether there is a mark.
        id: the output's id; None if there is no mark or too little of it is left to read.
        chance: a bound on how often the search says "found" with no mark present, had it been
            as strict as this video allows: the smaller, the surer. At most 1.
        sync: how far the waves for synchronisation stand out in the coarse search, in standard
            deviations.
        data: how far the payload stands out in the best view, in standard deviations.
        tile: pixels of a tile in the video, 0 if nothing was found.
        turn: how far the video is turned, radians, clockwise.
        mirrored: whether it is.
        bit_errors: share of the coded bits that the error correction put right; 0 if no id.
        frames: how many frames were looked at, up to the end of those that gave the answer.
    """

    found: bool = False
    id: int | None = None
    chance: float = 1.0
    sync: float = 0.0
    data: float = 0.0
    tile: float = 0.0
    turn: float = 0.0
    mirrored: bool = False
    bit_errors: float = 0.0
    frames: int = 0


def find_mark(
    frames: Iterable[NDArray[np.uint8]], key: bytes = PUBLIC_KEY, window: int = 125
) -> Finding:
    """Look for the mark in a video.

    Args:
        frames: (H, W, 3) RGB, all of one size; at 25 a second, `window` of them at a time.
        key: the key of the pattern.
        window: frames that are looked at together. The search ends at the first that is marked.

    Returns:
        What was found in the first marked window, or in the best of all.
    """
    best, count, looked = Finding(), 0, 0  # frames, windows
    total: NDArray[np.float32] | None = None
    held = 0
    pattern = make_pattern(key)

    def look(mean: NDArray[np.floating]) -> Finding:
        # The chances of all windows add up to less than CHANCE: sum of 1 / (i (i + 1)) is 1.
        return _search(np.asarray(mean, np.float32), pattern, float(looked * (looked + 1)), count)

    for frame in frames:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
        if total is None or total.shape != grey.shape:
            total, held = np.zeros_like(grey), 0
        total += grey
        held, count = held + 1, count + 1
        if held == window:
            looked += 1
            best = min(look(total / held), best, key=lambda f: (f.chance, -f.data))
            if best.found:
                return best
            total, held = None, 0
    if total is not None and (held > window // 5 or not looked):
        looked += 1
        best = min(look(total / held), best, key=lambda f: (f.chance, -f.data))
    return best


def _search(mean: NDArray[np.float32], pattern: Pattern, looked: float, count: int) -> Finding:
    shrunk = min(1.0, _LONGEST / max(mean.shape))
    if shrunk < 1:
        size = round(mean.shape[1] * shrunk), round(mean.shape[0] * shrunk)
        mean = np.asarray(cv2.resize(mean, size, interpolation=cv2.INTER_AREA), np.float32)
    if min(mean.shape) < 2 * _SHORTEST_TILE:
        return Finding()
    flat = _flatten(mean)
    parts = _parts(max(mean.shape))
    looked_at = looked * _GRID * _GRID * sum(len(part.plans) for part in parts)
    views = looked * sum(2 * part.followed for part in parts)
    best, strongest = Finding(), 0.0
    for part in parts:
        leant = _lean(flat, part.lean)
        spectrum = _spectrum(leant)
        scores, places = _coarse(spectrum, pattern, part.plans)
        strongest = max(strongest, float(scores.max()))
        for index in _peaks(scores, part.plans, part.followed):
            start = np.append(part.plans[index].ravel(), places[index])
            view = _climb(spectrum, pattern, start)
            for straighten in (False, True):
                if straighten:
                    waves = _rectify(leant, pattern, view)
                else:
                    waves = _waves(spectrum, view, pattern.data, pattern.data_phase)
                if waves is None:
                    continue
                finding = _judge(waves, pattern, float(scores[index]), looked_at, views)
                finding = _placed(finding, view, shrunk, count)
                best = min(best, finding, key=lambda f: (f.chance, f.id is None, -f.data))
                if best.id is not None:
                    return best
    return replace(best, sync=strongest)


# --- the picture ---


def _flatten(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is finer than a face, with strong texture held down: the mark is a small part of it."""
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 4)
    power = cv2.GaussianBlur(np.minimum(fine * fine, 900), (0, 0), 5)
    return np.asarray(fine / (power + 0.2) ** 0.75, np.float32)


def _spectrum(flat: NDArray[np.float32]) -> NDArray[np.complex64]:
    """(N, N) spectrum of the picture about its middle, tapered a little towards its border."""
    height, width = flat.shape
    size = cv2.getOptimalDFTSize(int(1.7 * max(height, width)))
    window = [np.hanning(n + 2)[1:-1] ** 0.25 for n in (height, width)]
    padded = np.zeros((size, size), np.float32)
    padded[:height, :width] = flat * window[0][:, None] * window[1]
    padded = np.roll(padded, (-(height // 2), -(width // 2)), (0, 1))
    return np.asarray(np.fft.fft2(padded), np.complex64)


# --- the geometry ---
#
# A view is six numbers: the matrix from pixels (x, y, from the middle) to tiles, row by row, and
# how far the pattern is shifted, in tiles along x and y.


@dataclass(frozen=True)
class _Part:
    """A part of the search.

    Attributes:
        lean: by how much of itself the picture grows towards its right and its lower border,
            against its middle: taken out before the search.
        plans: (C, 2, 2) matrices that the coarse search tries.
        followed: how many of the best are looked at from near.
    """

    lean: tuple[float, float]
    plans: NDArray[np.float64]
    followed: int


def _parts(side: int) -> list[_Part]:
    """The search in a picture whose longer side is `side`, the likeliest first."""
    upright = _plans(side, _SHORTEST_TILE, np.zeros(1))
    turned = _plans(side, _SHORTEST_TILE, _TURNS[_TURNS != 0])
    # What leans is filmed from a screen: large, and not mirrored.
    leaning = _plans(side, 2 * _SHORTEST_TILE, _TURNS[np.abs(_TURNS) < 0.055])
    steps = range(-_LEANS, _LEANS + 1)
    leans = [(_LEAN * x, _LEAN * y) for x in steps for y in steps if 0 < abs(x) + abs(y) <= _LEANS]
    mirror = np.array([-1.0, 1.0])
    return [
        _Part((0.0, 0.0), np.concatenate([upright, upright * mirror]), 3),
        _Part((0.0, 0.0), np.concatenate([turned, turned * mirror]), 3),
        *(_Part(lean, leaning, 1) for lean in leans),
    ]


def _plans(side: int, smallest: float, turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, 2, 2) matrices of all scales from a smallest tile (pixels), and turns (radians)."""
    largest = max(side / _FEWEST_TILES, 1.1 * smallest)
    count = math.ceil(math.log(largest / smallest) / _SCALE_STEP)
    tiles = smallest * np.exp(_SCALE_STEP * np.arange(count))
    matrices = np.stack([np.cos(turns), np.sin(turns), -np.sin(turns), np.cos(turns)], -1)
    plans = matrices.reshape(1, -1, 2, 2) / tiles[:, None, None, None]
    return np.asarray(plans.reshape(-1, 2, 2), np.float64)


def _lean(flat: NDArray[np.float32], lean: tuple[float, float]) -> NDArray[np.float32]:
    """The picture without the perspective in which it leans."""
    if lean == (0.0, 0.0):
        return flat
    height, width = flat.shape
    half = max(height, width) / 2
    middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, 1, 0], [lean[0] / half, lean[1] / half, 1]])
    matrix = np.linalg.inv(middle) @ tilt @ middle
    return np.asarray(cv2.warpPerspective(flat, matrix, (width, height)), np.float32)


def _coarse(
    spectrum: NDArray[np.complex64], pattern: Pattern, plans: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The best place for each plan: (C,) scores and (C, 2) shifts in tiles."""
    scores, places = np.empty(len(plans)), np.empty((len(plans), 2))
    phase = np.conj(pattern.sync_phase).astype(np.complex64)
    waves = pattern.sync.astype(np.float32)
    for begin in range(0, len(plans), _BATCH):
        part = plans[begin : begin + _BATCH]
        sheets = np.zeros((len(part), _GRID, _GRID // 2 + 1), np.complex64)
        _lay_out(spectrum, part.astype(np.float32), waves, phase, sheets)
        maps = np.fft.irfft2(sheets, (_GRID, _GRID)).reshape(len(part), -1)
        at = maps.argmax(1)
        scores[begin : begin + _BATCH] = maps[np.arange(len(part)), at]
        places[begin : begin + _BATCH] = np.stack([at // _GRID, at % _GRID], -1) / _GRID
    # irfft2 adds each wave and its conjugate and divides by the count of places
    return scores * _GRID * _GRID / 2, places


@numba.njit(cache=True, fastmath=True, nogil=True)
def _lay_out(
    spectrum: NDArray[np.complex64],
    plans: NDArray[np.float32],
    waves: NDArray[np.float32],
    phase: NDArray[np.complex64],
    sheets: NDArray[np.complex64],
) -> None:
    """The spectrum of each plan's match with the pattern, scaled to variance 1 of the match."""
    size = spectrum.shape[0]
    side = sheets.shape[1]
    for c in range(plans.shape[0]):
        plan = plans[c]
        power = np.float32(0)
        for k in range(waves.shape[0]):
            u = waves[k, 0] * plan[0, 0] + waves[k, 1] * plan[1, 0]
            v = waves[k, 0] * plan[0, 1] + waves[k, 1] * plan[1, 1]
            value = _at(spectrum, u * size, v * size)
            strength = value.real * value.real + value.imag * value.imag + np.float32(1e-12)
            power += strength ** np.float32(0.25)
            sheets[c, int(waves[k, 0]) % side, int(waves[k, 1])] = value * (
                strength ** np.float32(-0.375) * phase[k]
            )
        sheets[c] *= np.float32(1) / np.sqrt(power / 2)


@numba.njit(cache=True, fastmath=True, nogil=True)
def _at(spectrum: NDArray[np.complex64], u: float, v: float) -> complex:
    """The spectrum between its points, bilinearly; u along x, v along y."""
    size = spectrum.shape[0]
    x, y = int(np.floor(u)), int(np.floor(v))
    a, b = np.float32(u - x), np.float32(v - y)
    x0, y0 = x % size, y % size
    x1, y1 = (x + 1) % size, (y + 1) % size
    upper = spectrum[y0, x0] * (np.float32(1) - a) + spectrum[y0, x1] * a
    lower = spectrum[y1, x0] * (np.float32(1) - a) + spectrum[y1, x1] * a
    value: complex = upper * (np.float32(1) - b) + lower * b
    return value


def _peaks(scores: NDArray[np.float64], plans: NDArray[np.float64], count: int) -> list[int]:
    """The best candidates, no two of nearly the same plan."""
    kept: list[int] = []
    for index in np.argsort(-scores)[:200]:
        plan = plans[index]
        size = np.abs(plan).max()
        if all(np.abs(plan - plans[other]).max() > 0.03 * size for other in kept):
            kept.append(int(index))
        if len(kept) == count:
            break
    return kept


@numba.njit(cache=True, fastmath=True, nogil=True)
def _waves(
    spectrum: NDArray[np.complex64],
    view: NDArray[np.float64],
    waves: NDArray[np.int64],
    phase: NDArray[np.complex128],
) -> NDArray[np.complex128]:
    """What the picture has of each wave, against the pattern's phase, in a view."""
    size = spectrum.shape[0]
    out = np.empty(waves.shape[0], np.complex128)
    for k in range(waves.shape[0]):
        u = waves[k, 0] * view[0] + waves[k, 1] * view[2]
        v = waves[k, 0] * view[1] + waves[k, 1] * view[3]
        shift = 2 * np.pi * (waves[k, 0] * view[4] + waves[k, 1] * view[5])
        turn = complex(np.cos(shift), np.sin(shift))
        out[k] = _at(spectrum, u * size, v * size) * np.conj(phase[k]) * turn
    return out


def _score(waves: NDArray[np.complex128], signs: NDArray[np.float64] | float = 1.0) -> float:
    """How far a match stands out, in standard deviations; waves weigh by the root of the root."""
    size = np.abs(waves) + 1e-9
    weighted = waves.real * size**-0.75 * signs
    return float(weighted.sum() / np.sqrt((size**0.5).sum() / 2))


def _climb(
    spectrum: NDArray[np.complex64], pattern: Pattern, view: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The view near a given one that fits the waves for synchronisation best."""

    def score(candidate: NDArray[np.float64]) -> float:
        return _score(_waves(spectrum, candidate, pattern.sync, pattern.sync_phase))

    size = np.sqrt(abs(np.linalg.det(view[:4].reshape(2, 2))))
    steps = np.array([0.004 * size] * 4 + [1 / 64] * 2)
    best = score(view)
    for _ in range(5):
        for _ in range(8):
            before = best
            for axis in range(6):
                for sign in (-1, 1):
                    trial = view.copy()
                    trial[axis] += sign * steps[axis]
                    value = score(trial)
                    if value > best:
                        view, best = trial, value
            if best <= before + 1e-3:
                break
        steps /= 2
    return view


# --- perspective ---

_WINDOW = 2  # tiles
_REACH = 6  # pixels of _FINE by which a part may lie beside its place
_MOST_TILES = 14  # a larger picture is looked at about its middle


def _rectify(
    flat: NDArray[np.float32], pattern: Pattern, view: NDArray[np.float64]
) -> NDArray[np.complex128] | None:
    """The data waves of the picture when its perspective is taken out.

    Parts of the picture are matched with the waves for synchronisation one by one; a homography
    through their places straightens the picture. None if too few parts match.
    """
    height, width = flat.shape
    matrix = np.eye(3)
    matrix[:2, :2] = view[:4].reshape(2, 2)
    matrix[:2, 2] = -view[4:] - matrix[:2, :2] @ [width // 2, height // 2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]) @ matrix.T
    low = np.floor(corners[:, :2].min(0)).astype(int)
    high = np.ceil(corners[:, :2].max(0)).astype(int)
    middle = (low + high) // 2
    low = np.maximum(low, middle - _MOST_TILES // 2)
    tiles = np.minimum(high, middle + _MOST_TILES // 2) - low
    if (tiles < _WINDOW).any():
        return None
    matrix[:2, 2] -= low
    home = np.diag([_FINE, _FINE, 1.0]) @ matrix  # from the picture's pixels to the sheet's
    size = int(tiles[0]) * _FINE, int(tiles[1]) * _FINE
    for _ in range(3):
        sheet = np.asarray(cv2.warpPerspective(flat, home, size), np.float32)
        points, moved = _places(sheet, pattern)
        if len(points) < 6:
            return None
        change, _kept = cv2.findHomography(moved, points, cv2.RANSAC, 1.5)
        if change is None or abs(np.linalg.det(change)) < 1e-6:
            return None
        home = change @ home
    sheet = np.asarray(cv2.warpPerspective(flat, home, size), np.float32)
    folded = sheet.reshape(tiles[1], _FINE, tiles[0], _FINE).sum((0, 2))
    spectrum = np.fft.fft2(folded)
    waves = spectrum[pattern.data[:, 1], pattern.data[:, 0]] * np.conj(pattern.data_phase)
    return np.asarray(waves, np.complex128)


def _places(
    sheet: NDArray[np.float32], pattern: Pattern
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where parts of a sheet should be and where they are, both (P, 2) pixels."""
    side = _WINDOW * _FINE
    hann = np.hanning(side + 1)[:-1].astype(np.float32)
    points, moved = [], []
    for top in range(0, sheet.shape[0] - side + 1, _FINE // 2):
        for left in range(0, sheet.shape[1] - side + 1, _FINE // 2):
            part = sheet[top : top + side, left : left + side] * hann[:, None] * hann
            folded = part.reshape(_WINDOW, _FINE, _WINDOW, _FINE).sum((0, 2))
            spectrum = np.fft.fft2(np.roll(folded, (top, left), (0, 1)))
            waves = spectrum[pattern.sync[:, 1], pattern.sync[:, 0]] * np.conj(pattern.sync_phase)
            size = np.abs(waves) + 1e-9
            match = np.zeros((_FINE, _FINE // 2 + 1), np.complex128)
            match[pattern.sync[:, 0], pattern.sync[:, 1]] = waves * size**-0.75
            scores = np.roll(np.fft.irfft2(match, (_FINE, _FINE)), (_REACH, _REACH), (0, 1))
            scores = scores[: 2 * _REACH + 1, : 2 * _REACH + 1] * _FINE**2 / 2
            x, y = np.unravel_index(scores.argmax(), scores.shape)
            if scores[x, y] > 4.5 * np.sqrt((size**0.5).sum() / 2):
                centre = np.array([left, top]) + side / 2
                points.append(centre)
                moved.append(centre + [x - _REACH, y - _REACH])
    return np.array(points, np.float32), np.array(moved, np.float32)


# --- the answer ---


def _judge(
    waves: NDArray[np.complex128], pattern: Pattern, coarse: float, places: float, views: float
) -> Finding:
    """What one view says.

    Either of two tests may find the mark, each with half of the chance: the coarse score, whose
    places were fixed beforehand; and the payload in a view that the waves for synchronisation
    alone have chosen, against all payloads that there are.
    """
    soft = pattern.gather(waves.real * (np.abs(waves) + 1e-9) ** -0.75)
    bits = decode(soft)
    coded = encode(bits)
    payload = _score(waves, pattern.chips(coded))
    chance_sync = 2 * places * math.exp(-(max(coarse, 0.0) ** 2) / 2)
    chance_data = 2 * views * 2.0**BITS * math.exp(-(max(payload, 0.0) ** 2) / 2)
    chance = min(chance_sync, chance_data, 1.0)
    identity = unpack(bits) if chance_data < CHANCE else None
    errors = 0.0 if identity is None else float(np.mean((soft > 0) != coded))
    found = chance < CHANCE
    return Finding(found, identity, chance, sync=coarse, data=payload, bit_errors=errors)


def _placed(finding: Finding, view: NDArray[np.float64], shrunk: float, count: int) -> Finding:
    """The finding with its geometry."""
    if not finding.found:
        return replace(finding, frames=count)
    matrix = view[:4].reshape(2, 2)
    size = float(np.linalg.det(matrix))
    x, y = matrix[1] * [np.sign(size), 1]
    return replace(
        finding,
        tile=1 / math.sqrt(abs(size)) / shrunk,
        turn=math.atan2(-x, y),
        mirrored=size < 0,
        frames=count,
    )
