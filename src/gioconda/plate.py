"""The plate: what stands behind a person, painted where the head can uncover it.

At rest the frame is the photo. So the plate differs from the photo only where the person covers
it, wholly or in part: close to the silhouette, where strands, ear-rings and halos are that no
matte holds, the plate is painted too, and whatever of the photo differs from what is painted
there goes with the person. How much of a pixel must then be the person is a matter of
arithmetic: of a photo's pixel I and a plate's pixel B, the least alpha for which a colour F
between black and white exists with alpha F + (1 - alpha) B = I.
"""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face.pose import HeadPose
from gioconda.media import Picture, sample

# Beyond the matte, in inter-ocular distances: so far all that differs from the plate goes with the
# person, and from there on less and less, to nothing.
_RIM: Final = (0.2, 0.5)
_COVERED: Final = 0.06  # a matte above this hides what is behind it
_HALO: Final = 0.12  # beyond the matte, in the same unit: so far a background shows no grain
_EDGE: Final = (0.02, 0.06)  # likewise: what the matte's edge has of the body is painted over
_TRUST: Final = (0.05, 0.3)  # likewise: from where what is seen is background, more and more
_LIKE: Final = (0.05, 0.15)  # of the way to the person's colours: what is nearer may be its strands
_COARSE: Final = 40  # pixels of the same unit, in which the plate is painted smoothly
_AROUND: Final = 6.0  # coarse pixels, about which the colours of a background are compared
_BUSY: Final = 21  # coarse pixels: what a median so wide removes makes a background busy
_OUTLIER: Final = 25  # levels by which what is no background stands out
_STANDS_OUT: Final = 4.0  # in usual sizes of the background's grain: more is no grain
_NOISE: Final = 4  # levels by which every background differs from what is painted
_APART: Final = (1, 2.5)  # in such levels, or a busy background's own: what differs less stays
_GRAIN: Final = 0.1  # what is finer than this, in the same unit, is grain of a background
_SMOOTH: Final = 0.02  # alpha is at least its mean about so far, in the same unit
_WIDE: Final = 4.0  # pixels: to this deviation a wide Gaussian is made smaller, with its picture
_NECK: Final = (0.8, 1.6)  # under the eyes, in the same unit: from the head to what moves little


def paint_plate(
    colours: Picture, matte: NDArray[np.float32], photographed: NDArray[np.bool_], head: HeadPose
) -> tuple[Picture, NDArray[np.uint8]]:
    """The picture without the person, and how much of each pixel goes with the person.

    Args:
        colours: (H, W, 3) the picture.
        matte: (H, W) how much of each pixel is the person, 0 to 1.
        photographed: (H, W) whether a pixel is the photo's, or was made up beyond its border.
        head: where the head is in the picture.

    Returns:
        The plate (H, W, 3), and alpha (H, W), 0 to 255: at least the matte, and enough for the
        person over the plate to be the photo (`foreground`).
    """
    unit = float(head.size[0])
    clear = (matte <= _COVERED).astype(np.uint8)
    beyond = np.asarray(cv2.distanceTransform(clear, cv2.DIST_L2, 5) / unit, np.float32)
    painted, unrest = _behind(colours, matte, beyond, photographed, unit)
    change = painted - colours
    apart = _largest(np.abs(change)) / np.maximum(unrest, _NOISE)
    share = (1 - smooth_step(beyond, *_RIM)) * _moves(head, matte.shape)
    share *= smooth_step(apart, *_APART)
    change *= np.maximum(share, 1 - smooth_step(beyond, *_EDGE))[..., None]
    plate = np.clip(np.rint(colours + change), 0, 255).astype(np.uint8)
    least = least_alpha(colours, plate)
    around = _blurred(least, _SMOOTH * unit)
    alpha = np.maximum(np.ceil(least * 255), np.rint(np.maximum(matte, around) * 255))
    return plate, alpha.astype(np.uint8)


def smooth_step(x: NDArray[np.floating], low: float, high: float) -> NDArray[np.floating]:
    """Smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    stepped: NDArray[np.floating] = t * t * (3 - 2 * t)
    return stepped


def _moves(head: HeadPose, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """1 where a picture (H, W) goes with the head, 0 on the body."""
    down = head.rotation[0][:2, 1] / head.size[0]
    y, x = (np.arange(n, dtype=np.float32) for n in shape)
    under = (y - head.centre[0, 1])[:, None] * down[1] + (x - head.centre[0, 0]) * down[0]
    return np.asarray(1 - smooth_step(under, *_NECK), np.float32)


def foreground(texture: NDArray[np.uint8], plate: Picture) -> NDArray[np.uint8]:
    """What the person adds to the plate, (H, W, 4): colours times alpha, and alpha.

    Over the plate, as `renderer.kernels.compose` lays it, it is the picture to the bit.

    Args:
        texture: (H, W, 4) the picture and alpha, 0 to 255.
        plate: (H, W, 3) what is behind.
    """
    shown = (255 - texture[..., 3:].astype(np.uint16)) * plate
    added = texture[..., :3].astype(np.int16) - ((shown + 127) // 255).astype(np.int16)
    return np.dstack([np.clip(added, 0, 255).astype(np.uint8), texture[..., 3]])


def _largest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest of three values (H, W, 3), (H, W); `max` along so short an axis is slow."""
    largest: NDArray[np.float32] = np.maximum(values[..., 0], values[..., 1])
    return np.maximum(largest, values[..., 2], out=largest)


def least_alpha(colours: Picture, plate: Picture) -> NDArray[np.float32]:
    """The least alpha for which a foreground exists that over the plate is the picture, (H, W)."""
    behind = plate.astype(np.float32)
    over = colours - behind
    room = np.where(over > 0, 255 - behind, behind)
    share = np.abs(over) / np.maximum(room, 1)
    return np.asarray(np.minimum(_largest(share), 1), np.float32)


def _behind(
    colours: Picture,
    matte: NDArray[np.float32],
    beyond: NDArray[np.float32],
    photographed: NDArray[np.bool_],
    unit: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is painted behind the person and its rim, (H, W, 3), and how busy it is there, (H, W).

    Smooth, and over it the background's own grain, where the person hides it mirrored at the
    silhouette. A strand stands out more than grain, and is left out.
    """
    # frames and lines along the photo's border are not spread over the plate
    nine = np.ones((9, 9), np.uint8)
    inner = np.asarray(cv2.erode(photographed.astype(np.uint8), nine), np.uint8) > 0
    own = colours.astype(np.float32)
    seen = (beyond >= _HALO) & inner
    layers = np.empty((*seen.shape, 4), np.float32)
    np.multiply(own, seen[..., None], out=layers[..., :3])
    layers[..., 3] = seen
    coarse = _blurred(layers, _GRAIN * unit)
    coarse[..., :3] /= np.maximum(coarse[..., 3:], 1e-3)
    grain = own - coarse[..., :3]
    trust, near = (smooth_step(beyond, *way) * inner for way in (_TRUST, _EDGE))
    weights = np.dstack([trust, near, (beyond > _RIM[1]) * trust, (matte > 0.9) * photographed])
    # of grain the logarithm: a few edges of large things do not make a plain wall rough
    values = np.dstack([own, np.log1p(_largest(np.abs(grain)))])
    filled, busy = _spread(values, weights.astype(np.float32), _COARSE / unit)
    place, distance = _mirrored(seen)
    valid = sample(seen.astype(np.uint8) * np.uint8(255), place) * np.exp(-distance / unit) / 255
    cover = cv2.blur(np.asarray(valid, np.float32), (5, 5))
    most = np.clip(_STANDS_OUT * np.expm1(filled[..., 3]), 1, _OUTLIER)
    copied = cv2.remap(grain, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)  # type: ignore[call-overload]
    kept = cover / (1 + (_largest(np.abs(copied)) / most) ** 4)
    painted = filled[..., :3] + kept[..., None] * copied
    return np.asarray(painted, np.float32), busy


def _spread(
    values: NDArray[np.float32], weights: NDArray[np.float32], scale: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Values (H, W, 4) smoothly from the background.

    What stands out counts less, as do the person's strands and a narrow halo about it.

    Done in a picture that is smaller, by `scale`. Then how busy the first three are, (H, W): by how
    much they differ from what is around them, spread from what is far.

    Args:
        values: colours, and one more.
        weights: (H, W, 4) how much of each pixel is trusted; how much is beside the person at all,
            and trusted if its colour tends neither to the person's nor away from it; how much is
            far; and how much is the person.
    """
    height, width = values.shape[:2]
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    trust, near, far, person = np.split(_smaller(weights, size), 4, -1)
    small, own = (
        np.asarray(
            _smaller(values * weights[..., i : i + 1], size) / np.maximum(w, 1e-6), np.float32
        )
        for i, w in ((1, near), (3, person))
    )
    filled = fill(small, trust)
    levels = np.clip(small[..., :3], 0, 255).astype(np.uint8)
    detail = cv2.absdiff(levels, cv2.medianBlur(levels, _BUSY)).max(-1, keepdims=True)
    ground, busy = np.split(fill(np.dstack([small[..., :3], detail]), far), [3], -1)
    unrest = np.maximum(busy[..., 0], _NOISE)
    way = (fill(own, person) - filled)[..., :3]
    square = (way * way).sum(-1)
    like = ((small - filled)[..., :3] * way).sum(-1) / (square + _OUTLIER**2)
    # a halo differs from the background the other way, and is narrow; a glow reaches farther
    far_off = np.abs(filled[..., :3] - ground).max(-1) / unrest
    halo = -like * np.sqrt(square) / unrest * (1 - smooth_step(far_off, *_APART))
    # wider by a pixel, for strands are narrow
    wider = cv2.dilate(np.dstack([like, halo]), np.ones((3, 3), np.uint8))
    likely, apart = np.split(np.asarray(wider, np.float32), 2, -1)
    belongs = np.maximum(smooth_step(likely, *_LIKE), smooth_step(apart, *_APART))
    weight = np.maximum(trust, near * (1 - belongs))
    around = cv2.GaussianBlur(np.dstack([small[..., :3] * weight, weight]), (0, 0), _AROUND)
    mean = around[..., :3] / np.maximum(around[..., 3:], 1e-6)
    off = np.abs(small[..., :3] - mean).max(-1, keepdims=True)
    weight = weight / (1 + ((1 - trust) * off / _OUTLIER) ** 4)
    filled = fill(small, np.asarray(weight, np.float32))
    smooth, most = (
        np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
        for part in (filled, busy)
    )
    return smooth, most


def _smaller(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """A picture (H, W, C) at a size, width and height."""
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _blurred(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A picture (H, W, C) or (H, W) blurred by a Gaussian; by a wide one at a smaller size."""
    smaller = int(sigma / _WIDE)
    if smaller < 2:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
    height, width = values.shape[:2]
    small = _smaller(values, (-(-width // smaller), -(-height // smaller)))
    # to make it small and large again blurs, too
    blurred = cv2.GaussianBlur(small, (0, 0), math.sqrt((sigma / smaller) ** 2 - 1 / 4))
    return np.asarray(cv2.resize(blurred, (width, height)), np.float32)


def _mirrored(seen: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pixels mirrored at the nearest that is seen, (H, W, 2), and how far that is, (H, W)."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros((labels.max() + 1, 2), np.float32)
    nearest[labels[seen]] = np.argwhere(seen)[:, ::-1]
    place = (2 * nearest)[labels]
    y, x = (np.arange(n, dtype=np.float32) for n in seen.shape)
    place[..., 0] -= x
    place[..., 1] -= y[:, None]
    place = cv2.blur(place, (5, 5))
    return np.asarray(place, np.float32), np.asarray(distance, np.float32)


def fill(values: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values (h, w, C) spread smoothly from their weight (h, w, 1): a push-pull pyramid."""
    if min(values.shape[:2]) <= 2:
        mean = (values * weight).sum((0, 1)) / max(float(weight.sum()), 1e-6)
        return np.broadcast_to(mean, values.shape).astype(np.float32)
    channels = values.shape[2]  # OpenCV drops the last axis where it is 1
    below = np.asarray(cv2.pyrDown(weight)[..., None], np.float32)
    summed = np.reshape(cv2.pyrDown(values * weight), (*below.shape[:2], channels))
    coarse = fill(
        np.asarray(summed / np.maximum(below, 1e-6), np.float32), np.minimum(4 * below, 1)
    )
    up = np.reshape(cv2.pyrUp(coarse, dstsize=values.shape[1::-1]), values.shape)
    return np.asarray(values * weight + up * (1 - weight), np.float32)
