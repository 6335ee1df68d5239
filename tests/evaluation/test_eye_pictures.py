"""Pictures of eyes tell where they look, up and down as well."""

import cv2
import numpy as np

from gioconda.evaluation.eye_pictures import EyeReader, eye_pictures
from gioconda.face import topology

LEFT, RIGHT = (100, 120), (180, 120)  # middles of the eyes


def drawn(look, light=1.0):
    """Two eyes (240, 280) that look somewhere (degrees), and where their corners are."""
    yaw, pitch = look
    picture = np.full((240, 280), 150, np.uint8)
    face = np.zeros((478, 2))
    for (x, y), lid in zip((LEFT, RIGHT), (0, 1), strict=True):
        opening = np.zeros_like(picture)
        cv2.ellipse(opening, (x, y), (25, 10), 0, 0, 360, 255, -1, cv2.LINE_AA)
        ball = np.full_like(picture, 230)
        centre = (round((x + 0.4 * yaw) * 16), round((y - 0.4 * pitch) * 16))
        cv2.circle(ball, centre, 10 * 16, 40, -1, cv2.LINE_AA, 4)
        part = opening / 255
        picture = (part * ball + (1 - part) * picture).astype(np.uint8)
        corners = (topology.RIGHT_LID_LOWER, topology.LEFT_LID_LOWER)[lid][[0, -1]]
        face[corners] = [[x - 25, y], [x + 25, y]] if lid == 0 else [[x + 25, y], [x - 25, y]]
    return (light * picture).astype(np.uint8), face


def test_directions_between_the_known_ones_are_read_in_another_light_too():
    known = np.array([(x, y) for x in (-24, -12, 0, 12, 24) for y in (-12, -4, 4, 12)], float)
    reader = EyeReader(np.stack([eye_pictures(*drawn(one)) for one in known]), np.radians(known))
    asked = np.array([(x, y) for x in (-20, -10, 0, 10, 20) for y in (-10, 0, 10)], float)
    for light in (1, 0.6):
        pictures = np.stack([eye_pictures(*drawn(one, light)) for one in asked])
        assert np.abs(np.degrees(reader(pictures)) - asked).mean() < 1.5
