"""A face that is turned already may turn back: what was hidden comes into view as skin."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gioconda.face import topology
from gioconda.renderer.outline import beside_lips, drawn_in
from gioconda.renderer.sheet import make_sheet
from gioconda.renderer.warper import Warper

SKIN, HAIR = (200, 150, 130), (20, 60, 20)


def seen_from_the_side(portrait, yaw, beyond):
    """The portrait turned by `yaw`, all skin, whose mesh reaches `beyond` over hair.

    In inter-ocular distances.
    """
    pose = portrait.pose + np.array([yaw, 0, 0, 0, 0, 0], np.float32)
    sheet = make_sheet(portrait)
    points = sheet.place(pose, portrait.expression)[2]
    place = sheet.head(pose)
    head, _ = portrait.basis.pose(points[None].astype(np.float64), portrait.neutral)
    side = len(portrait.texture)
    skin = np.zeros((side, side), np.uint8)
    for triangle in points[portrait.basis.triangles, :2] + portrait.margin:
        cv2.fillConvexPoly(skin, np.rint(triangle).astype(np.int32), 1)
    oval = np.rint(points[topology.FACE_OVAL, :2] + portrait.margin).astype(np.int32)
    cv2.fillPoly(skin, [oval], 1)
    less = round(2 * beyond * place.size) + 1
    eroded = cv2.erode(skin, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (less, less)))
    colours = np.where(eroded[..., None] > 0, SKIN, HAIR).astype(np.uint8)
    texture = np.dstack([colours, np.full((side, side), 255, np.uint8)])
    face = head.to_head(points[None].astype(np.float64))[0].astype(np.float32)
    return replace(portrait, texture=texture, plate=colours, points=points, head=head, face=face)


@pytest.mark.parametrize("side", [-1, 1])
def test_no_strip_of_hair_goes_with_a_cheek_that_turns_back(portrait, side):
    turned = seen_from_the_side(portrait, side * 0.35, beyond=0.04)
    points = turned.points[: topology.FACE_POINTS, :2]
    cheek = np.flatnonzero(abs(points[:, 1] - points[topology.NOSE_FOOT, 1]) < 25)

    def on_hair(places):
        x, y = np.rint(places[cheek] + turned.margin).astype(int).T
        far = side * (x - turned.margin - points[topology.NOSE_FOOT, 0]) > 0
        return (turned.texture[y, x, 0] == HAIR[0])[far].mean()

    assert on_hair(points) > 0.05
    assert on_hair(points + drawn_in(turned)) == 0


def test_the_mesh_of_a_face_from_the_front_stays(portrait):
    assert not drawn_in(seen_from_the_side(portrait, -float(portrait.pose[0]), 0.05)).any()


@pytest.mark.parametrize("side", [-1, 1])
def test_no_oval_brings_the_corner_of_a_turned_mouth_into_view_once_more(portrait, side):
    turned = seen_from_the_side(portrait, side * 0.75, beyond=0)
    home = turned.points[: topology.FACE_POINTS, :2].astype(np.float64)
    lips = cv2.convexHull(home[topology.LIPS].astype(np.float32))
    far = topology.FACE_OVAL[np.argsort(-side * turned.face[topology.FACE_OVAL, 0])][:8]
    behind = far[np.abs(home[far, 1] - home[topology.UPPER_LIP_RIM, 1]).argmin()]
    home[behind] = home[topology.LIPS].mean(0)
    found = beside_lips(turned, home)[topology.FACE_OVAL]
    assert max(cv2.pointPolygonTest(lips, (float(x), float(y)), False) for x, y in found) < 0


def test_an_oval_that_is_not_hidden_stays(portrait):
    home = portrait.points[: topology.FACE_POINTS, :2].astype(np.float64)
    assert np.abs(beside_lips(portrait, home) - home).max() == 0


@pytest.mark.parametrize("side", [-1, 1])
def test_a_cheek_that_turns_into_view_is_not_smeared_at_its_edge(portrait, side):
    warper, pose = Warper(portrait), portrait.pose.copy()
    pose[0] -= side * 0.28
    frame = warper.warp(pose, portrait.expression)
    oval = np.zeros(frame.picture.shape[:2], np.uint8)
    cv2.fillPoly(oval, [np.rint(frame.mesh[topology.FACE_OVAL, :2]).astype(np.int32)], (1,))
    nose, lips = frame.mesh[[topology.NOSE_FOOT, topology.LOWER_LIP_BOTTOM], :2]
    least = []
    for y in np.linspace(frame.head.centre[1] + 0.15 * frame.head.size, lips[1], 9).astype(int):
        x = np.flatnonzero(oval[y])
        along = np.abs(np.diff(frame.flow[y, x[side * (x - nose[0]) > 0], 0]))
        least.append(np.convolve(along, np.full(5, 0.2), "valid").min())
    assert np.median(least) > 0.3  # pixels of the photo to one; it had been 0.2
