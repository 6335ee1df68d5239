"""A picture of what was found in a portrait."""

from textwrap import wrap
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps
from PIL.ImageFont import load_default

from gioconda.face import measure, topology
from gioconda.face.finder import Face
from gioconda.face.pose import angles, rotation
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

_Picture = NDArray[np.uint8]
_Points = NDArray[np.floating]

_SIDE, _SMALL, _GAP, _TEXT = 760, 268, 16, 340  # pixels
_INK, _PALE, _PAPER = (32, 36, 42), (112, 120, 130), (250, 250, 248)
_MESH: Final = (255, 255, 255)
_LIPS, _LIDS, _BROWS = (255, 120, 130), (110, 220, 255), (255, 210, 110)
_IRIS, _GAZE, _BOX = (120, 255, 150), (255, 235, 60), (255, 150, 40)
_AXES = ((235, 70, 70), (70, 200, 90), (80, 130, 255))  # x, y, and the way the nose points
_RIMS = (
    (np.concatenate([topology.LIP_OUTER_LOWER, topology.LIP_OUTER_UPPER[-2:0:-1]]), _LIPS),
    (np.concatenate([topology.LIP_INNER_LOWER, topology.LIP_INNER_UPPER[-2:0:-1]]), _LIPS),
    (np.concatenate([topology.RIGHT_LID_LOWER, topology.RIGHT_LID_UPPER[-2:0:-1]]), _LIDS),
    (np.concatenate([topology.LEFT_LID_LOWER, topology.LEFT_LID_UPPER[-2:0:-1]]), _LIDS),
    (topology.BROWS[:10], _BROWS),
    (topology.BROWS[10:], _BROWS),
)


def facts(portrait: Portrait, face: Face) -> list[tuple[str, str]]:
    """Names and values of what was measured."""
    heads = portrait.face[None]
    yaw, pitch, roll = np.degrees(angles(portrait.head.rotation[0]))
    gaze_yaw, gaze_pitch = np.degrees(measure.gaze(heads)[0])
    right, left = measure.lid_opening(heads)[0]
    lips = measure.lip_shape(heads)[0]
    scale = portrait.crop[2] / portrait.size
    height, width = portrait.photo.shape[:2]
    return [
        ("picture", f"{width} x {height} px"),
        ("faces found", f"{face.count}"),
        ("face", f"{face.detection.size:.0f} px"),
        ("between the eyes", f"{portrait.head.size[0] * scale:.0f} px"),
        ("head yaw", _turn(yaw, "left", "right")),
        ("head pitch", _turn(pitch, "down", "up")),
        ("head roll", _turn(roll, "left", "right")),
        ("gaze yaw", _turn(gaze_yaw, "left", "right")),
        ("gaze pitch", _turn(gaze_pitch, "down", "up")),
        ("lids, person's right", f"{right:.2f} of the width"),
        ("lids, person's left", f"{left:.2f} of the width"),
        ("mouth opening", f"{100 * measure.mouth_opening(heads)[0]:.1f} %"),
        ("lips: width, height", f"{100 * lips[0]:.0f} %, {100 * lips[1]:.0f} %"),
        ("expression", f"{np.sqrt((portrait.expression**2).mean()):.1f} (1 is usual)"),
    ]


def draw_report(portrait: Portrait, face: Face, name: str) -> _Picture:
    """The report, (H, W, 3): the marked face, numbers, matte, background, neutral face."""
    row = _GAP * 2 + 28 + _SIDE + 22
    sheet = Image.new("RGB", (_GAP * 3 + _SIDE + _TEXT, row + _SMALL + 2 * _GAP), _PAPER)
    sheet.paste(Image.fromarray(_marked(portrait, face)), (_GAP, _GAP + 28))
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP - 4), name, _INK, load_default(22))
    neutral = np.zeros(sum(portrait.basis.parts), np.float32)
    inside = slice(portrait.margin, portrait.margin + portrait.size)
    panels = {
        "whole picture": _whole(portrait, face),
        "matte": _matte(portrait),
        "background": portrait.plate[inside, inside],
        "neutral face": Renderer(portrait).render(portrait.pose, neutral),
    }
    lefts = np.linspace(_GAP, sheet.width - _GAP - _SMALL, len(panels)).round().astype(int).tolist()
    for left, (title, picture) in zip(lefts, panels.items(), strict=True):
        image = Image.fromarray(picture)
        fitted = ImageOps.pad(image, (_SMALL, _SMALL), color=_PAPER, centering=(0, 0))
        sheet.paste(fitted, (left, row))
        draw.text((left, row - 22), title, _PALE, load_default(15))
    _write(draw, portrait, face, _GAP * 2 + _SIDE)
    return np.array(sheet)


def _write(draw: ImageDraw.ImageDraw, portrait: Portrait, face: Face, left: int) -> None:
    """The column of numbers and the key to the colours."""
    y = _GAP + 30
    for title, value in facts(portrait, face):
        draw.text((left, y), title, _PALE, load_default(16))
        draw.text((left + 160, y), value, _INK, load_default(16))
        y += 29
    y += 20
    for colour, meaning in (
        (_BOX, "detection"),
        (_LIPS, "lips"),
        (_LIDS, "lids"),
        (_BROWS, "brows"),
        (_IRIS, "irises"),
        (_GAZE, "where the eyes look"),
        (_AXES[0], "the head's x: across"),
        (_AXES[1], "the head's y: down"),
        (_AXES[2], "where the nose points"),
    ):
        draw.rectangle((left, y + 5, left + 22, y + 15), colour, _PALE)
        draw.text((left + 34, y), meaning, _INK, load_default(16))
        y += 26
    if face.note:
        y += 12
        for line in wrap(face.note, 42):
            draw.text((left, y), line, _INK, load_default(15))
            y += 21


def _marked(portrait: Portrait, face: Face) -> _Picture:
    """The crop with everything that was found drawn on it, (_SIDE, _SIDE, 3)."""
    scale = 2 * _SIDE / portrait.size  # drawn at twice the size, for fine lines
    margin = portrait.margin
    crop = portrait.texture[margin:-margin, margin:-margin, :3]
    side = (2 * _SIDE, 2 * _SIDE)
    large = cv2.resize(np.ascontiguousarray(crop), side, interpolation=cv2.INTER_CUBIC)
    picture = np.asarray(large, np.uint8)
    points = (portrait.points[:, :2] + 0.5) * scale - 0.5
    overlay = picture.copy()
    for triangle in portrait.basis.triangles:
        _outline(overlay, points[triangle], _MESH, 1)
    picture = np.asarray(cv2.addWeighted(overlay, 0.3, picture, 0.7, 0), np.uint8)
    for rim, colour in _RIMS:
        _outline(picture, points[rim], colour, 3)
    head = portrait.head
    size = float(head.size[0]) * scale
    yaw, pitch = measure.gaze(portrait.face[None])[0]
    look = head.rotation[0] @ rotation(yaw, pitch, 0) @ [0, 0, -1]
    for iris in (topology.RIGHT_IRIS, topology.LEFT_IRIS):
        radius = float(np.linalg.norm(points[iris[1:]] - points[iris[0]], axis=1).mean())
        centre = points[iris[0]]
        cv2.circle(picture, _pixel(centre), round(radius), _IRIS, 3, cv2.LINE_AA)
        _arrow(picture, centre, centre + 0.5 * size * look[:2], _GAZE)
    origin = (head.centre[0] + 0.5) * scale - 0.5
    for axis, colour in zip(([0.45, 0, 0], [0, 0.45, 0], [0, 0, -0.8]), _AXES, strict=True):
        _arrow(picture, origin, origin + size * (head.rotation[0] @ axis)[:2], colour)
    to_crop = portrait.size / portrait.crop[2] * scale
    corners = (face.detection.box.reshape(2, 2) + 0.5 - portrait.crop[:2]) * to_crop - 0.5
    cv2.rectangle(picture, _pixel(corners[0]), _pixel(corners[1]), _BOX, 4, cv2.LINE_AA)
    return cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _whole(portrait: Portrait, face: Face) -> _Picture:
    picture = portrait.photo.copy()
    width = max(2, round(max(picture.shape) / _SMALL * 1.5))
    left, top, side = (round(n) for n in portrait.crop)
    cv2.rectangle(picture, (left, top), (left + side - 1, top + side - 1), _PAPER, width)
    low, high = face.detection.box.reshape(2, 2)
    cv2.rectangle(picture, _pixel(low), _pixel(high), _BOX, width)
    return picture


def _matte(portrait: Portrait) -> _Picture:
    """The person over a checkerboard."""
    margin = portrait.margin
    crop = portrait.texture[margin:-margin, margin:-margin].astype(np.float32)
    y, x = np.indices(crop.shape[:2]) * 16 // portrait.size
    board = np.where((x + y) % 2, 150, 215)[..., None]
    alpha = crop[..., 3:] / 255
    return np.rint(crop[..., :3] * alpha + board * (1 - alpha)).astype(np.uint8)


def _turn(angle: float, negative: str, positive: str) -> str:
    if abs(angle) < 0.5:
        return "0°"
    return f"{abs(angle):.0f}° {positive if angle > 0 else negative}"


def _outline(picture: _Picture, points: _Points, colour: tuple[int, ...], width: int) -> None:
    fixed = np.rint(points * 16).astype(np.int32)  # cv2's sixteenths of a pixel
    cv2.polylines(picture, [fixed], True, colour, width, cv2.LINE_AA, shift=4)


def _arrow(picture: _Picture, start: _Points, end: _Points, colour: tuple[int, ...]) -> None:
    cv2.arrowedLine(picture, _pixel(start), _pixel(end), colour, 5, cv2.LINE_AA, tipLength=0.15)


def _pixel(point: _Points) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
