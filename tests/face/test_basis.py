"""The basis: what goes in comes out, and a neutral face is neutral."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.face import actions, measure, topology
from gioconda.face.basis import in_basis, load_basis, released_basis
from gioconda.face.pose import HeadPose, angles, rotation
from gioconda.motion import Motion


@pytest.fixture
def code() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(20, sum(released_basis().parts))).astype(np.float32)


def test_encoding_gives_the_code_back(code: np.ndarray) -> None:
    basis = released_basis()
    found = basis.encode(basis.rebuild(code, basis.mean), basis.mean)
    assert np.abs(found - code).mean() < 0.1
    missed = basis.rebuild(found, basis.mean) - basis.rebuild(code, basis.mean)
    assert np.linalg.norm(missed[..., :2], axis=-1).mean() < 0.002


def test_pose_and_dynamics_come_out_of_pixels(code: np.ndarray) -> None:
    basis = released_basis()
    turns = np.random.default_rng(1).uniform(-0.4, 0.4, (len(code), 3))
    there = HeadPose(
        np.stack([rotation(*turn) for turn in turns]),
        np.full((len(code), 2), 200.0),
        np.full(len(code), 90.0),
        np.zeros(len(code)),
    )
    head, found = basis.pose(there.to_image(basis.rebuild(code, basis.mean)), basis.mean)
    assert np.degrees(np.abs(angles(head.rotation) - turns)).mean() < 1
    np.testing.assert_allclose(head.size, 90, rtol=0.02)
    assert np.corrcoef(found.ravel(), code.ravel())[0, 1] > 0.97


def test_the_parts_move_what_they_are_named_for() -> None:
    basis = released_basis()
    moved = np.linalg.norm(basis.dynamics, axis=-1)
    everything = np.zeros(topology.POINTS, bool)
    irises = everything.copy()
    irises[topology.IRISES] = True
    assert moved[basis.gaze][:, ~irises].max() < 1e-6
    assert moved[basis.upper][:, irises].max() < 1e-6
    assert moved[basis.upper][:, topology.LIP_INNER_LOWER].max() < 1e-6
    assert moved[basis.lower][:, topology.LIDS].max() < 1e-6


def test_the_mean_face_is_neutral_upright_and_of_unit_size() -> None:
    mean = released_basis().mean[None]
    assert measure.mouth_opening(mean)[0] < 0.02
    assert (measure.lid_opening(mean) > 0.2).all()
    assert (np.abs(np.degrees(measure.gaze(mean))) < 5).all()
    right, left = mean[0, topology.RIGHT_EYE_OUTER], mean[0, topology.LEFT_EYE_OUTER]
    np.testing.assert_allclose(right + left, 0, atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(left - right), 1, atol=0.01)


def test_a_single_picture_with_an_open_mouth_gives_a_neutral_face_with_a_shut_one() -> None:
    basis = released_basis()
    rng = np.random.default_rng(2)
    identity = np.tensordot(0.5 * rng.normal(size=len(basis.identity)), basis.identity, 1)
    opening = np.zeros((1, sum(basis.parts)), np.float32)
    jaw = basis.lower.start + int(np.abs(gaps(basis.dynamics[basis.lower])).argmax())
    opening[0, jaw] = 2 * np.sign(gaps(basis.dynamics[jaw]))
    face = basis.rebuild(opening, basis.mean + identity)
    seen = measure.mouth_opening(face)[0]
    assert seen > 0.1
    assert measure.mouth_opening(basis.identify(face * 100)[None])[0] < 0.2 * seen


def gaps(faces: np.ndarray) -> np.ndarray:
    gap: np.ndarray = faces[..., topology.LIP_INNER_LOWER[5], 1]
    return gap - faces[..., topology.LIP_INNER_UPPER[5], 1]


def test_a_file_that_is_no_basis_is_refused(tmp_path: Path) -> None:
    (tmp_path / "basis.safetensors").write_bytes(b"nothing of the kind")
    for name in ("basis.safetensors", "missing.safetensors"):
        with pytest.raises(GiocondaError, match="not a basis of faces"):
            load_basis(tmp_path / name)


def test_what_people_say_reads_the_same_with_and_without_expressive_coordinates() -> None:
    basis = released_basis()
    start = basis.expressive.start
    without = replace(basis, dynamics=basis.dynamics[:start], parts=(*basis.parts[:3], 0))
    faces = basis.mean + 0.01 * np.random.default_rng(0).normal(size=(5, *basis.mean.shape))
    code = basis.encode(faces, basis.mean)
    assert np.allclose(code[:, :start], without.encode(faces, basis.mean), atol=1e-5)
    assert np.allclose(basis.neutral(faces), without.neutral(faces))


def test_a_motion_from_before_there_were_expressive_coordinates_still_counts() -> None:
    basis = released_basis()
    start = basis.expressive.start
    old = Motion(np.zeros((3, 6), np.float32), np.ones((3, start), np.float32), basis.name)
    now = in_basis(old, basis)
    assert now.dynamics.shape == (3, sum(basis.parts))
    assert (now.dynamics[:, :start] == 1).all()
    assert (now.dynamics[:, start:] == 0).all()
    other = Motion(old.pose, old.dynamics[:, 1:], basis.name)
    with pytest.raises(GiocondaError, match="31 coordinates"):
        in_basis(other, basis)


def test_brows_whose_inner_ends_alone_rise_are_read_back() -> None:
    basis = released_basis()
    weights = np.array([name == "browInnerUp" for name in actions.ACTIONS], float)
    moved = actions.face(weights)
    back = basis.rebuild(basis.encode((basis.mean + moved)[None], basis.mean), basis.mean)[0]
    missed, wanted = ((x[topology.BROWS] ** 2).sum() for x in (back - basis.mean - moved, moved))
    assert missed < 0.1 * wanted
