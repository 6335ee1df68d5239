"""Glasses go with the head: their rims are neither bent nor hidden by the cheek behind them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gioconda.renderer.glasses import Glasses
from gioconda.renderer.sheet import make_sheet


@pytest.mark.parametrize("nod", [0.2, -0.2])
def test_a_straight_rim_stays_whole_and_straight_when_the_head_nods(portrait, nod):
    unit, side = float(portrait.head.size[0]), len(portrait.texture)
    rims = np.zeros((side, side, 4), np.uint8)
    way = portrait.head.rotation[0] @ [0.85 * unit, 0, 0]
    ends = np.rint(portrait.head.centre[0] + portrait.margin + [-way[:2], way[:2]]).astype(int)
    start, end = ends.tolist()
    cv2.line(rims, start, end, (255,) * 4, 5)
    frame = np.zeros((portrait.size, portrait.size, 3), np.uint8)
    glasses = Glasses(replace(portrait, rims=rims), make_sheet(portrait))
    glasses.draw(frame, portrait.pose + np.array([0, nod, 0, 0, 0, 0], np.float32))
    y, x = np.nonzero(frame[..., 0] > 128)
    assert len(np.unique(x)) == np.ptp(x) + 1  # no gap
    assert np.ptp(x) > 0.95 * np.ptp(ends[:, 0])
    off = y - np.polyval(np.polyfit(x, y, 1), x)
    assert np.abs(off).max() < 0.08 * unit  # 0.13 where it lay on the face


def test_at_rest_rims_lie_where_they_are(portrait):
    margin, size = portrait.margin, portrait.size
    rims = np.zeros((*portrait.texture.shape[:2], 4), np.uint8)
    eyes = portrait.points[[33, 263], :2] + margin
    for place in eyes:
        cv2.circle(rims, np.rint(place).astype(int).tolist(), 24, (200, 150, 100, 255), 4)
    frame = np.zeros((size, size, 3), np.uint8)
    Glasses(replace(portrait, rims=rims), make_sheet(portrait)).draw(frame, portrait.pose)
    wanted = rims[margin : margin + size, margin : margin + size, :3]
    assert np.abs(frame.astype(int) - wanted).max() <= 2
