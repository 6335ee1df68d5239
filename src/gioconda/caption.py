"""Captions: what is printed over a photo, and moves with nobody in it.

A row of letters is told by what type has and pictures lack: strokes that are thin for their
length, all of one colour and of like height, one beside the other on a line.
"""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.media import Picture
from gioconda.plate import fill, foreground, least_alpha

_SIDE: Final = 640  # pixels of the view's longer side
_STROKE: Final = 15  # the widest stroke, in such pixels
_STANDS_OUT: Final = 36  # levels by which letters are lighter or darker than what is about them
_HEIGHTS: Final = (7, 90)  # of letters in pixels
_WIDE: Final = 9.0  # most width of one, in heights: letters that are joined
_FILLED: Final = (0.08, 0.95)  # how much of its box a letter may fill
_PLAIN: Final = 26.0  # levels: most deviation of the colours within a letter's strokes
_SAME: Final = 36.0  # levels: most between the colours of two letters of a row
_LIKE: Final = 2.2  # most between the heights of two
_OFF: Final = 0.45  # of a height: most between the middles of neighbours, up or down
_GAP: Final = 1.3  # heights between neighbours at most: a space
_BESIDE: Final = 0.6  # heights about a row in which it has dots, commas and quotation marks
_LEAST: Final = 4  # letters in a row
_SLOPE: Final = 0.06  # most of a row
_ON_LINE, _RAGGED = 0.7, 0.1  # so many letters' feet are on a line, to so much of a height
_UNEVEN: Final = 0.36  # most deviation of the letters' heights, of their mean
# Levels: most deviation of the letters' colours, for each of five and more; and of four.
_ONE, _FLAT = 2.8, 4.0
_LONG: Final = 2.5  # least length of a row in heights
# About letters: pixels that have something of them, and in parts of their height an outline.
_HALO, _OUTLINE = 2, 0.1


class _Letter(NamedTuple):
    """A stroke or several that hang together: label, box and colour."""

    label: int
    x: int
    y: int
    width: int
    height: int
    colour: NDArray[np.float32]


def lift_caption(
    colours: Picture, free: NDArray[np.bool_]
) -> tuple[Picture, NDArray[np.uint8] | None]:
    """A picture without what is printed over it, and that by itself.

    Args:
        colours: (H, W, 3) RGB.
        free: (H, W) where letters may be.

    Returns:
        The picture, what letters hid painted smoothly; and the letters, (H, W, 4), as
        `gioconda.plate.foreground` gives them. The picture itself and None where there are none.
    """
    scale = min(1.0, _SIDE / max(colours.shape[:2]))
    view = cv2.resize(colours, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    allowed = cv2.resize(free.astype(np.uint8), view.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    rows = [row for dark in (False, True) for row in _letters(np.asarray(view), allowed > 0, dark)]
    if not rows:
        return colours, None
    size = colours.shape[1::-1]
    found = np.max([letters for letters, _ in rows], axis=0)
    near = np.max([_with_outline(*row) for row in rows], axis=0)
    mask = cv2.resize(near, size, interpolation=cv2.INTER_LINEAR) > 0
    own = colours.astype(np.float32)
    painted = fill(own, (~mask)[..., None].astype(np.float32))
    bare = np.where(mask[..., None], np.clip(np.rint(painted), 0, 255), own).astype(np.uint8)
    alpha = np.ceil(255 * least_alpha(colours, bare)).astype(np.uint8)
    whole = cv2.resize(255 * found, size, interpolation=cv2.INTER_LINEAR)
    letters = foreground(np.dstack([colours, np.maximum(alpha, whole)]), bare)
    return bare, letters


def _with_outline(letters: NDArray[np.uint8], tall: float) -> NDArray[np.uint8]:
    """Letters (h, w) and what is drawn about them."""
    side = 2 * (_HALO + round(_OUTLINE * tall)) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(letters, around), np.uint8)


def _letters(
    view: Picture, allowed: NDArray[np.bool_], dark: bool
) -> list[tuple[NDArray[np.uint8], float]]:
    """Rows of letters, light or dark ones: where they are, (h, w), 0 or 1, and how tall."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_STROKE, _STROKE))
    way = cv2.MORPH_BLACKHAT if dark else cv2.MORPH_TOPHAT
    out = cv2.morphologyEx(view, way, kernel)
    strength = np.maximum(np.maximum(out[..., 0], out[..., 1]), out[..., 2])
    marks = (strength > _STANDS_OUT) & (strength > cv2.dilate(strength, kernel) // 2) & allowed
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    _, _, width, height, area = stats.T
    fit = (height >= _HEIGHTS[0]) & (height <= _HEIGHTS[1]) & (width <= _WIDE * height)
    fit &= (area > _FILLED[0] * width * height) & (area < _FILLED[1] * width * height)
    # type lies within its photo; strands of hair are cut by its edge
    cut = cv2.dilate((~allowed).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    fit[labels[cut]] = False
    letters = []
    for i in (np.flatnonzero(fit[1:]) + 1).tolist():
        x, y, width, height, _ = (int(v) for v in stats[i])
        part = labels[y : y + height, x : x + width] == i
        ink = view[y : y + height, x : x + width][part].astype(np.float32)
        tone = ink.mean(-1)
        core = ink[tone <= np.median(tone)] if dark else ink[tone >= np.median(tone)]
        if core.std(0).max() < _PLAIN:
            letters.append(_Letter(i, x, y, width, height, np.median(core, 0)))
    rows = []
    for row in filter(_is_type, _rows(letters)):
        found = np.isin(labels, [letter.label for letter in row]).astype(np.uint8)
        tall = float(np.median([letter.height for letter in row]))
        _complete(found, view, row, tall)
        rows.append((found, tall))
    return rows


def _complete(found: NDArray[np.uint8], view: Picture, row: list[_Letter], tall: float) -> None:
    """What else of a row's colour stands on its line, whatever is behind it, in place."""
    beside = round(_BESIDE * tall)
    top = max(min(each.y for each in row) - beside, 0)
    band = view[top : max(each.y + each.height for each in row) + beside]
    colour = np.median([each.colour for each in row], axis=0)
    alike = (np.abs(band - colour).max(-1) < _SAME).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(alike)
    x, y, width, height, _ = stats.T
    inside = (y > 0) & (y + height < len(band)) & (width < _WIDE * tall)  # else it is behind
    left, right = row[0].x, row[-1].x + row[-1].width
    kept = []
    for way in (1, -1):
        start, end = (left, right) if way > 0 else (-right, -left)
        for i in np.argsort(way * (x + width / 2)):
            first = x[i] if way > 0 else -x[i] - width[i]
            if i and inside[i] and start - beside <= first < end + _GAP * tall:
                kept.append(i)
                end = max(end, first + width[i])
    found[top : top + len(band)] |= np.isin(labels, kept).astype(np.uint8)


def _rows(letters: list[_Letter]) -> list[list[_Letter]]:
    """Letters that stand beside each other, from left to right."""
    rows: list[list[_Letter]] = []
    for letter in sorted(letters, key=lambda each: each.x):
        for row in rows:
            last = row[-1]
            if _beside(last, letter):
                row.append(letter)
                break
        else:
            rows.append([letter])
    return rows


def _beside(last: _Letter, letter: _Letter) -> bool:
    """Whether a letter may follow another."""
    height = max(last.height, letter.height)
    middles = (last.y + last.height / 2, letter.y + letter.height / 2)
    feet = (last.y + last.height, letter.y + letter.height)
    level = min(abs(middles[0] - middles[1]), abs(feet[0] - feet[1])) < _OFF * height
    gap = letter.x - (last.x + last.width)
    return bool(
        level
        and gap < _GAP * height
        and height < _LIKE * min(last.height, letter.height)
        and np.abs(last.colour - letter.colour).max() < _SAME
    )


def _is_type(row: list[_Letter]) -> bool:
    """Whether a row is one of letters: level, and of one colour."""
    if len(row) < _LEAST:
        return False
    x, y, width, height = np.array([each[1:5] for each in row], float).T
    middles, feet, usual = x + width / 2, y + height, float(np.median(height))
    first, second = np.triu_indices(len(row), 1)
    rise, run = feet[second] - feet[first], middles[second] - middles[first]
    slope = float(np.median(rise / np.maximum(run, 1)))  # some letters reach below the line
    off = np.abs(feet - slope * middles - np.median(feet - slope * middles))
    spread = _ONE * len(row) if len(row) > _LEAST else _FLAT
    return bool(
        np.ptp(middles) > _LONG * usual
        and abs(slope) < _SLOPE
        and np.quantile(off, _ON_LINE) < _RAGGED * usual + 0.5
        and height.std() < _UNEVEN * height.mean()
        and np.std([each.colour for each in row], axis=0).max() < spread
    )
