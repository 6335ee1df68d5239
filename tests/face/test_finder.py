"""Which face is taken, and why others are refused."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data

from gioconda.errors import GiocondaError
from gioconda.face import finder
from gioconda.face.finder import find_face

from .pictures import FACE, Picture, astronaut, covered, mirrored, scaled, side_by_side, turned


def test_the_only_face_is_found_where_it_is() -> None:
    face = find_face(astronaut())
    assert (face.count, face.note) == (1, None)
    np.testing.assert_allclose(face.detection.box, FACE, atol=12)
    assert face.points.shape == (478, 3)


@pytest.mark.parametrize("change", [mirrored, lambda a: turned(a, 30), lambda a: scaled(a, 3)])
def test_mirrored_tilted_and_large_faces_pass(change) -> None:  # type: ignore[no-untyped-def]
    assert find_face(change(astronaut())).count == 1


def test_a_grey_picture_passes() -> None:
    grey = astronaut().mean(2, keepdims=True).astype(np.uint8)
    assert find_face(np.repeat(grey, 3, 2)).count == 1


def test_of_two_faces_the_largest_is_taken_and_said() -> None:
    face = find_face(side_by_side())
    assert face.count == 2
    assert face.points[:, 0].max() < 300
    assert face.note is not None
    assert "2 faces found" in face.note
    assert "--face N" in face.note


def test_faces_are_counted_from_the_left() -> None:
    picture = side_by_side()
    first, second = find_face(picture, 1), find_face(picture, 2)
    assert first.points[:, 0].max() < 300 < second.points[:, 0].min()
    assert first.note is second.note is None


@pytest.mark.parametrize("shape", [(400, 4600), (4600, 400), (2400, 3200)])
@pytest.mark.parametrize("factor", [0.7, 1.0])
def test_a_small_face_is_found_anywhere_in_a_large_picture(
    shape: tuple[int, int], factor: float
) -> None:
    small = scaled(astronaut()[:300, 80:380], factor)
    height, width = small.shape[:2]
    picture = np.random.default_rng(0).integers(90, 110, (*shape, 3), dtype=np.uint8)
    top, left = (shape[0] - height) * 2 // 3, (shape[1] - width) // 3
    picture[top : top + height, left : left + width] = small
    face = find_face(picture)
    assert face.count == 1
    there = find_face(astronaut()).points[:, :2] - [80, 0]
    off = np.linalg.norm(face.points[:, :2] - (there * factor + [left, top]), axis=1)
    assert off.mean() < 2


@pytest.mark.parametrize("seed", range(4))
def test_a_qr_code_is_no_face_and_no_animals(seed: int) -> None:
    letters = np.random.default_rng(seed).choice(list("abcdefgh0123456789/"), 40)
    code = cv2.QRCodeEncoder.create().encode("https://example.org/" + "".join(letters))
    large = cv2.resize(np.pad(code, seed), None, fx=9, fy=9, interpolation=cv2.INTER_NEAREST)
    with pytest.raises(GiocondaError, match="no face was found"):
        find_face(np.repeat(np.asarray(large, np.uint8)[..., None], 3, 2))


def test_what_looks_like_a_covered_face_in_a_qr_code_is_none() -> None:
    code = cv2.QRCodeEncoder.create().encode("https://example.org/")
    large = cv2.resize(np.pad(code, 2), (800, 800), interpolation=cv2.INTER_NEAREST)
    picture = np.repeat(255 - np.asarray(large, np.uint8)[..., None], 3, 2)
    hidden = covered(astronaut(), find_face(astronaut()).points, "mask")
    picture[230:570, 230:570] = cv2.resize(hidden, (340, 340), interpolation=cv2.INTER_AREA)
    with pytest.raises(GiocondaError, match="no face was found"):
        find_face(picture)


@pytest.mark.parametrize("choice", [0, 3, -1])
def test_a_face_that_is_not_there_cannot_be_chosen(choice: int) -> None:
    with pytest.raises(GiocondaError, match=r"no face -?\d; found 2 faces, choose from 1 to 2"):
        find_face(side_by_side(), choice)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.full((300, 200, 3), 128, np.uint8), "no face was found"),
        (np.zeros((1, 1, 3), np.uint8), "no face was found"),
        (skimage.data.chelsea(), "animal"),
        (scaled(astronaut(), 0.4), "pixels large, expected at least 64"),
        (turned(astronaut(), 60), "tilted to the right by 6. degrees, expected at most 45"),
        (turned(astronaut(), -60), "tilted to the left by 5. degrees, expected at most 45"),
        (np.rot90(astronaut(), 2), "stands on its head"),
        (astronaut()[115:], "cut by the top border"),
        (astronaut()[:150], "cut by the bottom border"),
        (astronaut()[:, 220:], "cut by the left border"),
        (astronaut()[:, :240], "cut by the right border"),
    ],
)
def test_other_pictures_are_refused_in_one_line(picture: Picture, reason: str) -> None:
    with pytest.raises(GiocondaError, match=reason) as refusal:
        find_face(np.ascontiguousarray(picture))
    assert "\n" not in str(refusal.value)
    assert ("use " in str(refusal.value)) or ("turn " in str(refusal.value))


def test_a_profile_is_refused() -> None:
    camera = np.repeat(skimage.data.camera()[..., None], 3, 2)
    with pytest.raises(GiocondaError, match=r"turned to the right by 5\d degrees"):
        find_face(camera)


@pytest.mark.parametrize("picture", [astronaut()[90:], astronaut()[:, 185:], astronaut()[:170]])
def test_a_border_that_only_grazes_the_face_is_no_reason(picture: Picture) -> None:
    assert find_face(np.ascontiguousarray(picture)).count == 1


def test_what_looks_like_a_second_face_within_a_face_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = finder._candidates(astronaut())
    face, points, presence = max(found, key=lambda each: each[0].full_range)
    up = np.array([0.2, -0.3], np.float32) * np.float32(face.size)
    false = replace(face, box=face.box + np.tile(up, 2), full_range=0.6)
    moved = points + np.array([*up, 0], np.float32)
    monkeypatch.setattr(finder, "_candidates", lambda _: [*found, (false, moved, presence)])
    chosen = find_face(astronaut())
    assert chosen.count == 1
    assert chosen.others == ()
    assert np.array_equal(chosen.points, points)
