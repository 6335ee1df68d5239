"""What stands behind the person: nothing, or another picture than the photo's own."""

import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

import cv2
import numba
import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from gioconda.errors import GiocondaError
from gioconda.face.matte import person_matte
from gioconda.media import Picture, cut_out, read_image, sample
from gioconda.portrait import Portrait

Background: TypeAlias = Picture | Literal["transparent", "blur"]
"""A picture (H, W, 3) RGB that fills the frame, nothing, or the photo's own out of focus."""

_WORDS: Final = ("transparent", "blur")
_FOCUS: Final = 0.25  # inter-ocular distances: what is finer than this is lost in the blur


def read_background(name: str | os.PathLike[str] | None) -> Background | None:
    """What a user named as background; None if nothing was named.

    Args:
        name: "transparent", "blur", a colour as CSS writes it ("white", "#20a0ff"), or a picture's
            file.

    Raises:
        GiocondaError: if it is none of these, or the picture cannot be read.
    """
    if name is None:
        return None
    text = os.fspath(name)
    if text == "transparent":
        return "transparent"
    if text == "blur":
        return "blur"
    colour = _colour(text)
    if colour is not None:
        return np.array(colour, np.uint8)[None, None]
    if not Path(text).exists() and not Path(text).suffix:
        raise GiocondaError(
            f"{text} is not a background; expected {', '.join(_WORDS)}, a colour such as white or "
            "#20a0ff, or the name of a picture."
        )
    return read_image(text)


def ingredient(name: str | os.PathLike[str] | None) -> dict[str, str | os.PathLike[str]]:
    """The picture's file by what it is, if a picture was named."""
    return {} if name is None or not _names_picture(name) else {"background": name}


def setting(name: str | os.PathLike[str] | None) -> dict[str, str]:
    """What a manifest says of a background, if one was named: no file's name."""
    if name is None:
        return {}
    return {"background": "picture" if _names_picture(name) else os.fspath(name)}


def _names_picture(name: str | os.PathLike[str]) -> bool:
    return os.fspath(name) not in _WORDS and _colour(os.fspath(name)) is None


def _colour(text: str) -> tuple[int, ...] | None:
    """(3,) of a colour without alpha."""
    try:
        colour = ImageColor.getrgb(text)
    except ValueError:
        return None
    return colour if len(colour) == 3 else None


class Backdrop:
    """Puts another background behind the person of one portrait, frame by frame.

    A frame was drawn over the portrait's plate. What the person added to the plate, by the matte
    that moved with it, goes over the new background.

    Args:
        portrait: whose frames they are.
        shape: height and width of the frames.
        full: they are the whole photo, not the crop.
        background: what is to be behind.

    Attributes:
        alpha: whether the frames have it.
    """

    def __init__(
        self, portrait: Portrait, shape: tuple[int, int], full: bool, background: Background
    ) -> None:
        margin, (height, width) = portrait.margin, shape
        left, top = (round(v) for v in portrait.crop[:2]) if full else (0, 0)
        size = portrait.size
        self._crop = slice(top, top + size), slice(left, left + size)
        meshes = np.stack([portrait.points, *portrait.others])
        own, *others = meshes + np.array([margin, margin, 0], np.float32)
        self._matte = _levels(person_matte(portrait.texture[..., :3], own, others=others))
        inner = portrait.plate[margin : margin + size, margin : margin + size]
        if full:
            own, *others = meshes + np.array([left, top, 0], np.float32)
            matte = _levels(person_matte(portrait.photo, own, whole=True, others=others))
            self._alpha = matte[:height, :width].copy()
            self._plate = portrait.photo[:height, :width].copy()
        else:
            self._alpha = np.empty(shape, np.uint8)
            self._plate = np.empty((*shape, 3), np.uint8)
        plate = self._plate[self._crop]
        plate[:] = inner[: plate.shape[0], : plate.shape[1]]
        self._new: Picture | None = None
        if isinstance(background, np.ndarray):
            self._new = _covering(background, shape)
        elif background == "blur":
            person = self._alpha.copy()
            person[self._crop] = 0  # is not on the plate
            self._new = _blurred(self._plate, person, _FOCUS * float(portrait.head.size[0]))
        self.alpha = self._new is None
        self._out = np.empty((*shape, 4 if self.alpha else 3), np.uint8)

    def __call__(self, frame: Picture, flow: NDArray[np.float32]) -> NDArray[np.uint8]:
        """One frame.

        Args:
            frame: (H, W, 3) as it was drawn.
            flow: (h, w, 2) where in the portrait's texture each pixel of the crop comes from.

        Returns:
            (H, W, 3) RGB, or with alpha, if there is to be nothing, (H, W, 4) whose colours are
            not times alpha; this object's own memory, good until the next frame.
        """
        crop = self._alpha[self._crop]
        crop[:] = sample(self._matte, flow)
        if self._new is None:
            _separate(frame, self._plate, self._alpha, self._out)
        else:
            _replace(frame, self._plate, self._alpha, self._new, self._out)
        return self._out


def _levels(matte: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(matte * 255).astype(np.uint8)


def _covering(picture: Picture, shape: tuple[int, int]) -> Picture:
    """The middle of a picture, as large as fills a frame."""
    height, width = picture.shape[:2]
    scale = max(shape[0] / height, shape[1] / width)
    matrix = np.array(
        [
            [scale, 0, (shape[1] - 1 - scale * (width - 1)) / 2],
            [0, scale, (shape[0] - 1 - scale * (height - 1)) / 2],
        ]
    )
    return cut_out(picture, matrix, (shape[1], shape[0]))


def _blurred(picture: Picture, hidden: NDArray[np.uint8], sigma: float) -> Picture:
    """A picture out of focus, without what is hidden (H, W), 0 to 255."""
    seen = (1 - hidden[..., None] / np.float32(255)) + np.float32(1e-3)
    layers = np.dstack([picture * seen, seen])
    soft = cv2.GaussianBlur(layers, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.rint(np.clip(soft[..., :3] / soft[..., 3:], 0, 255)), np.uint8)


@numba.njit(cache=True, nogil=True)
def _separate(
    frame: NDArray[np.uint8],
    plate: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> None:
    """Colours and alpha that over the plate are the frame; black where alpha is 0."""
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            a = int(alpha[y, x])
            out[y, x, 3] = a
            for k in range(3):
                if a == 0:
                    out[y, x, k] = 0
                    continue
                added = 255 * int(frame[y, x, k]) - (255 - a) * int(plate[y, x, k])
                out[y, x, k] = min(max((added + a // 2) // a, 0), 255)


@numba.njit(cache=True, nogil=True)
def _replace(
    frame: NDArray[np.uint8],
    plate: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    new: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> None:
    """The frame with a new picture in the plate's place."""
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            a = int(alpha[y, x])
            for k in range(3):
                added = 255 * int(frame[y, x, k]) - (255 - a) * int(plate[y, x, k])
                added = min(max(added, 0), 255 * a) + (255 - a) * int(new[y, x, k])
                out[y, x, k] = (added + 127) // 255
