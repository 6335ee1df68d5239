import cv2
import numpy as np

from gioconda.data.videos.duplicates import (
    NEAR,
    Fingerprint,
    find_duplicates,
    likeness,
    picture_bits,
)
from gioconda.data.videos.stretches import find_stretches


def movement(seed: int, length: int = 60):
    rng = np.random.default_rng(seed)
    smooth = np.apply_along_axis(np.convolve, 0, rng.normal(size=(length + 8, 4)), np.ones(9) / 9)
    return (smooth[8 : length + 8] * [0.1, 0.1, 0.2, 0.1]).astype(np.float32)


def test_a_copy_moves_alike_and_another_recording_does_not():
    a = movement(0)
    noisy = a + np.random.default_rng(9).normal(0, 0.001, a.shape)
    assert likeness(a, noisy) > 0.97
    assert likeness(a, movement(1)) < 0.9


def test_a_part_of_a_recording_is_found_in_it():
    whole = movement(0, 100)
    assert likeness(whole[30:80], whole) > 0.99


def test_stillness_is_no_evidence():
    still = np.random.default_rng(0).normal(0, 1e-4, (60, 4))
    assert likeness(still, still) == 0


def test_the_bits_of_a_picture_survive_scaling_and_coding(talk):
    frame = talk[0][0]
    (stretch,) = find_stretches([frame] * 2)
    points = stretch.track.points[0]
    small = cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    coded = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1)
    bits = picture_bits(frame, points)
    apart = bits ^ picture_bits(np.asarray(coded, np.uint8), (points + 0.5) / 2 - 0.5)
    another = bits ^ picture_bits(frame[:, ::-1], points)
    assert int(apart).bit_count() <= NEAR < int(another).bit_count() / 2


def test_the_more_detailed_copy_is_kept_unless_another_is_protected():
    pictures = np.arange(5, dtype=np.uint64) + 7
    clips = {
        "small": Fingerprint(pictures, movement(0), 50.0),
        "large": Fingerprint(pictures, movement(0), 120.0),
        "other": Fingerprint(pictures, movement(1), 90.0),
    }
    assert find_duplicates(clips) == {"small": "large"}
    assert find_duplicates(clips, ["small"]) == {"large": "small"}


def test_a_copied_file_is_found_even_if_nothing_moves():
    still = np.zeros((60, 4), np.float32)
    pictures = np.arange(12, dtype=np.uint64)
    found = find_duplicates({n: Fingerprint(pictures, still, 100) for n in ("a", "b")})
    assert found == {"b": "a"}


def test_of_two_as_detailed_the_longer_is_kept():
    whole = movement(0, 250)
    pictures = np.random.default_rng(0).integers(0, 2**63, 50).astype(np.uint64)
    half = Fingerprint(pictures[:25], whole[:125], 136.3)
    assert find_duplicates({"half": half, "whole": Fingerprint(pictures, whole, 136.1)}) == {
        "half": "whole"
    }
