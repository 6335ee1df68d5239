"""Clips that nobody should learn from are found, for the right reason; good ones pass."""

import io
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.videos.quality import Inspector, Limits, reason
from gioconda.face.detector import detect
from gioconda.face.mesh import FaceMesh

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]
Clip = list[tuple[Picture, Points]]

SIDE = 384


@pytest.fixture(scope="module")
def still(photo: Picture) -> tuple[Picture, Points]:
    """A crop of the example, a little enlarged, and its mesh."""
    face = next(face for face in detect(photo) if face.human)
    points, _ = FaceMesh().at(photo, face)
    x, y = np.maximum((points[:, :2].mean(0) - SIDE / 3).astype(int), 0)
    part = photo[y : y + SIDE * 2 // 3, x : x + SIDE * 2 // 3]
    crop = np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
    scale = SIDE / (SIDE * 2 // 3)
    points, _ = FaceMesh().near(crop, (points - np.array([x, y, 0], np.float32)) * scale)
    return crop, points


@pytest.fixture(scope="module")
def clip(still: tuple[Picture, Points]) -> Clip:
    """40 pictures in which the head sways and the camera adds a little noise."""
    picture, points = still
    rng = np.random.default_rng(0)
    moved = []
    for k in range(40):
        x, y = 5 * np.sin(k / 5), 3 * np.cos(k / 7)
        matrix = np.array([[1, 0, x], [0, 1, y]])
        image = cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        image = np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
        moved.append((image, (points + np.array([x, y, 0])).astype(np.float32)))
    return moved


def facts(clip: Clip) -> dict[str, float]:
    inspector = Inspector()
    for picture, points in clip:
        inspector.look(picture, points)
    return inspector.facts()


def verdict(clip: Clip) -> str | None:
    return reason(facts(clip), Limits())


def with_pictures(clip: Clip, pictures: list[Picture]) -> Clip:
    return [(picture, points) for picture, (_, points) in zip(pictures, clip, strict=True)]


def enlarged(clip: Clip, times: float) -> Clip:
    """The clip made smaller and large again."""
    side = round(SIDE / times)
    return [
        (
            np.asarray(
                cv2.resize(
                    cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA),
                    (SIDE, SIDE),
                    interpolation=cv2.INTER_CUBIC,
                ),
                np.uint8,
            ),
            points,
        )
        for picture, points in clip
    ]


def test_a_good_clip_passes(clip: Clip) -> None:
    assert verdict(clip) is None


def test_nothing_is_known_before_the_first_picture() -> None:
    assert Inspector().facts() == {}


def test_the_same_clip_gives_the_same_facts(clip: Clip) -> None:
    assert facts(clip[:12]) == facts(clip[:12])


def test_one_picture_is_enough_for_facts(clip: Clip) -> None:
    assert facts(clip[:1])["frozen"] == 0


def test_a_small_face_is_told_with_what_was_found_and_expected(clip: Clip) -> None:
    scale = np.float32(64 / SIDE)
    small = [
        (np.asarray(cv2.resize(p, (64, 64), interpolation=cv2.INTER_AREA), np.uint8), q * scale)
        for p, q in clip
    ]
    found = facts(small)["eyes"]
    assert verdict(small) == f"small face: eyes {found:.3g} px, expected at least 40 px"


def test_a_clip_enlarged_six_times_is_blurred_and_a_clip_made_smaller_is_not(clip: Clip) -> None:
    assert (verdict(enlarged(clip, 6)) or "").startswith("blurred:")
    half = [
        (
            np.asarray(
                cv2.resize(p, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA), np.uint8
            ),
            q / np.float32(2),
        )
        for p, q in clip
    ]
    assert verdict(half) is None
    assert facts(half)["sharpness"] > facts(clip)["sharpness"]


def test_sharpness_falls_with_every_enlargement(clip: Clip) -> None:
    found = [facts(enlarged(clip, times))["sharpness"] for times in (1.5, 2.5, 4, 6)]
    assert found == sorted(found, reverse=True)


def test_blurred_by_the_lens(clip: Clip) -> None:
    soft = [np.asarray(cv2.GaussianBlur(picture, (0, 0), 6), np.uint8) for picture, _ in clip]
    assert (verdict(with_pictures(clip, soft)) or "").startswith("blurred:")


@pytest.mark.parametrize("shift", [0, 3])
def test_encoded_at_terrible_quality_is_blocky_wherever_the_grid_is(clip: Clip, shift: int) -> None:
    blocky: Clip = []
    for picture, points in clip:
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 10])[1]
        rough = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[shift:, shift:]
        blocky.append((rough, points - np.array([shift, shift, 0], np.float32)))
    assert (verdict(blocky) or "").startswith("blocky:")


def test_a_video_at_a_starved_rate_is_rejected(clip: Clip) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25, options={"b": "20000"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for picture, _ in clip:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as container:
        pictures = [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
        ]
    why = verdict(with_pictures(clip, pictures)) or ""
    assert why.split(":")[0] in ("blocky", "blurred", "frozen")


def test_a_picture_that_stands_still_is_frozen(clip: Clip) -> None:
    stuck = clip[:10] + [clip[10]] * 20 + clip[10:20]
    assert facts(stuck)["frozen"] == pytest.approx(20 / 25)
    assert (verdict(stuck) or "").startswith("frozen:")


def test_twelve_pictures_a_second_shown_twice_pass_and_eight_do_not(clip: Clip) -> None:
    twice = [frame for frame in clip for _ in range(2)]
    assert facts(twice)["repeated"] == pytest.approx(0.5, abs=0.02)
    assert verdict(twice) is None
    thrice = [frame for frame in clip for _ in range(3)]
    assert (verdict(thrice) or "").startswith("frozen: repeated")


def test_too_dark_and_too_bright(clip: Clip) -> None:
    dark = [(picture * 0.08).astype(np.uint8) for picture, _ in clip]
    assert (verdict(with_pictures(clip, dark)) or "").startswith("dark:")
    bright = [np.clip(picture * 4.0 + 80, 0, 255).astype(np.uint8) for picture, _ in clip]
    assert (verdict(with_pictures(clip, bright)) or "").startswith("overexposed:")


def before_mouth(picture: Picture, points: Points, colour: tuple[int, int, int]) -> Picture:
    """The picture with a round thing before the mouth."""
    mouth = points[[13, 14], :2].mean(0)
    radius = round(0.45 * float(np.linalg.norm(points[263] - points[33])))
    covered = picture.copy()
    cv2.circle(covered, (round(float(mouth[0])), round(float(mouth[1]))), radius, colour, -1)
    return covered


@pytest.mark.parametrize("colour", [(30, 30, 34), (150, 160, 170), (40, 60, 180)])
def test_a_thing_that_comes_before_the_mouth_is_found(
    clip: Clip, colour: tuple[int, int, int]
) -> None:
    passing = [
        (before_mouth(picture, points, colour) if 10 <= k < 20 else picture, points)
        for k, (picture, points) in enumerate(clip)
    ]
    assert facts(passing)["covered"] == pytest.approx(10 / 40, abs=0.06)
    assert (verdict(passing) or "").startswith("covered mouth:")


@pytest.mark.parametrize("colour", [(30, 30, 34), (40, 60, 180)])
def test_a_microphone_that_stays_is_found(clip: Clip, colour: tuple[int, int, int]) -> None:
    staying = [before_mouth(picture, points, colour) for picture, points in clip]
    assert (verdict(with_pictures(clip, staying)) or "").startswith("covered mouth:")


def test_another_light_is_nothing_before_the_mouth(clip: Clip) -> None:
    warm = [
        np.clip(picture * ((1.2, 1.0, 0.8) if k > 20 else (0.7, 0.75, 0.8)), 0, 255).astype(
            np.uint8
        )
        for k, (picture, _) in enumerate(clip)
    ]
    assert facts(with_pictures(clip, warm))["covered"] == 0


def test_a_clip_in_grey_is_not_covered(clip: Clip) -> None:
    grey = [
        np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)[..., None].repeat(3, 2)
        for picture, _ in clip
    ]
    assert facts(with_pictures(clip, grey))["covered"] == 0


def test_a_face_at_the_border_or_outside_raises_nothing(clip: Clip) -> None:
    for shift in (-300, 300, 2000):
        away = [(picture, points + np.float32(shift)) for picture, points in clip[:6]]
        assert all(np.isfinite(value) for value in facts(away).values())


def test_facts_that_come_from_the_track_are_held_against_the_limits() -> None:
    limits = Limits()
    assert reason({"yaw": 75.0}, limits) == (
        "extreme pose: yaw 75 degrees, expected at most 60 degrees"
    )
    assert (reason({"seen": 0.5}, limits) or "").startswith("face not seen:")
    assert (reason({"alone": 0.5}, limits) or "").startswith("second face:")
    assert reason({"yaw": 75.0}, Limits(yaw=80.0)) is None
    assert reason({}, limits) is None
