"""The released networks draw mouths and eyes, and leave the rest alone."""

from zipfile import ZipFile

import cv2
import numpy as np
import pytest

from gioconda import GiocondaError, make_portrait
from gioconda.renderer import Renderer
from gioconda.renderer.geometry import face_mask, masks
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.networks import calibration_of, precisions, released
from gioconda.renderer.neural import NeuralDecoder, sharpen
from gioconda.renderer.view import CELL
from gioconda.renderer.warper import Warper

SIDE = 256


@pytest.fixture(scope="module")
def motion(portrait):
    """A mouth that opens, 8 frames of pose and dynamics."""
    lower = portrait.basis.lower
    slope = portrait.basis.dynamics[lower][:, [14, 13], 1] @ [1, -1]
    opened = np.zeros(len(portrait.basis.dynamics), np.float32)
    opened[lower] = 0.3 * slope / (slope @ slope)
    return [(portrait.pose, step * opened) for step in np.linspace(0, 1, 8, dtype=np.float32)]


def drawn(portrait, motion, decoder=None):
    renderer = Renderer(portrait, decoder)
    return [renderer.render(*step).copy() for step in motion]


@pytest.fixture(scope="module")
def learned(portrait, motion):
    return drawn(portrait, motion)


@pytest.fixture(scope="module")
def geometry(portrait, motion):
    return drawn(portrait, motion, GeometricMouth(portrait))


def test_the_same_frames_again(portrait, motion, learned):
    for one, other in zip(learned, drawn(portrait, motion), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_open_mouth_is_drawn_and_what_is_far_from_mouth_and_eyes_is_not(
    portrait, motion, learned, geometry
):
    warped = Warper(portrait).warp(*motion[-1])
    view = warped.head.view(SIDE)
    mesh = view.points(warped.mesh)
    change = np.abs(view.cut(learned[-1]).astype(float) - view.cut(geometry[-1])).mean(-1)
    inside, lips, eyes, _ = masks(mesh, SIDE, SIDE) > 127
    assert change[lips & ~inside].mean() > 2
    oval = np.kron(face_mask(mesh, SIDE), np.ones((CELL, CELL))) > 127
    assert change[~oval].mean() < 0.1
    rest = oval & ~inside & ~lips & ~eyes
    assert change[rest].mean() < 0.5 * change[lips & ~inside].mean()
    deep = cv2.erode(inside.astype(np.uint8), np.ones((3, 3))) > 0
    assert deep.sum() > 50
    assert change[deep].mean() < 1  # between the lips the geometry's word stands


def test_eight_bits_are_as_good_as_full_precision(portrait, motion):
    assert precisions(released()) == ("f32", "bf16", "int8")
    exact, small = (
        drawn(portrait, motion[-1:], NeuralDecoder(portrait, precision=precision))[0].astype(float)
        for precision in ("f32", "int8")
    )
    view = Warper(portrait).warp(*motion[-1]).head.view(SIDE)
    error = np.mean((view.cut(exact) - view.cut(small)) ** 2)
    assert 10 * np.log10(255**2 / error) > 38


def test_every_size_is_drawn(photo):
    for size in (64, 130):
        portrait = make_portrait(photo, size)
        frame = Renderer(portrait).render(portrait.pose, portrait.expression)
        assert frame.shape == (size, size, 3)


def test_a_file_that_is_none_is_named(portrait, tmp_path):
    with pytest.raises(GiocondaError, match=r"nothing\.zip"):
        NeuralDecoder(portrait, tmp_path / "nothing.zip")


def test_a_file_of_an_older_release_is_told(portrait, tmp_path):
    older = tmp_path / "older.zip"
    with ZipFile(released()) as file, ZipFile(older, "w") as copy:
        for name in ("encoder.onnx", "decoder.onnx"):
            copy.writestr(name, file.read(name))
    with pytest.raises(GiocondaError, match="calibration"):
        NeuralDecoder(portrait, older)


def test_in_eyes_detail_is_stronger_and_elsewhere_the_same():
    rng = np.random.default_rng(0)
    picture = rng.integers(90, 160, (40, 90, 3)).astype(np.uint8)
    eyes = np.zeros((40, 90), np.uint8)
    eyes[:, 60:] = 255
    change = np.zeros((40, 90, 3), np.float32)
    sharpen(change, picture, eyes, calibration_of(released()))
    assert (change + picture)[:, 65:].std() > 1.1 * picture[:, 65:].std()
    assert not change[:, :50].any()


def test_a_frame_knows_nothing_of_those_before(portrait, motion, learned):
    np.testing.assert_array_equal(drawn(portrait, motion[-1:])[0], learned[-1])
