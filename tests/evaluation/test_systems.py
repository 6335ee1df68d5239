"""Finished videos are judged alike, whoever made them."""

import shutil
from dataclasses import replace
from math import nan
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gioconda.data.phones import Phone
from gioconda.errors import GiocondaError
from gioconda.evaluation import systems, validity
from gioconda.evaluation.film_scores import FilmScores, Judges, head_figures
from gioconda.evaluation.films import Place, film, find_videos, read_film
from gioconda.evaluation.head_judge import LEAST
from gioconda.evaluation.head_voice import VoicedMotion
from gioconda.evaluation.inputs import write_sound
from gioconda.evaluation.lips import SpokenMotion
from gioconda.evaluation.results import to_json
from gioconda.evaluation.systems import REAL, evaluate_videos
from gioconda.evaluation.validity import evaluate_judges
from gioconda.evaluation.verdicts import HIGHER, LOWER, verdict
from gioconda.face.basis import released_basis
from gioconda.media import VideoWriter, read_video
from gioconda.motion import Motion
from gioconda.renderer import Renderer

FRAMES = 30


@pytest.fixture(scope="module")
def videos(portrait, voice, tmp_path_factory):
    """Two clips of two systems: one mouth opens far, the other's hardly."""
    folder = tmp_path_factory.mktemp("videos")
    for system, far in ((REAL, 2.0), ("timid", 0.5)):
        for i, person in enumerate(("ann", "bob")):
            (folder / system / person).mkdir(parents=True)
            (folder / "voices").mkdir(exist_ok=True)
            pcm = voice[640 * 20 * i :][: 640 * FRAMES]
            write_sound(folder / "voices" / f"clip-{person}.wav", pcm)
            file = folder / system / person / f"clip-{person}.mp4"
            renderer = Renderer(portrait, lambda frame: None)
            with VideoWriter(file, renderer.height, renderer.width, pcm) as video:
                for t in range(FRAMES):
                    dynamics = portrait.expression.copy()
                    dynamics[portrait.basis.lower.start] += far * np.sin(t / (2 + i))
                    pose = portrait.pose + [0.1 * np.sin(t / 9), 0, 0, 0, 0, 0]
                    video.write(renderer.render(pose, dynamics))
    return folder


@pytest.fixture(scope="module")
def places(videos):
    return {name: find_videos(videos / name, videos / "voices") for name in (REAL, "timid")}


def test_videos_are_found_with_person_and_voice(videos, places):
    half = videos / REAL / "ann" / ".gioconda-1" / "whole.mp4"  # of a writer that was killed
    half.parent.mkdir()
    half.touch()
    assert find_videos(videos / REAL, videos / "voices") == places[REAL]
    shutil.rmtree(half.parent)
    found = places[REAL]["clip-ann"]
    assert (found.person, found.voice.name, found.text) == ("ann", "clip-ann.wav", None)


def test_a_video_without_a_voice_or_a_folder_without_videos_is_refused(videos, tmp_path):
    with pytest.raises(GiocondaError, match=r"expected clip-\w+\.wav"):
        find_videos(videos / REAL, tmp_path)
    with pytest.raises(GiocondaError, match="has no video"):
        find_videos(tmp_path)


def test_a_timid_system_is_told_from_the_real_one_and_what_is_kept_is_the_same(
    places, tmp_path, monkeypatch
):
    result = evaluate_videos(places, Judges(), tmp_path)
    real, timid = result.systems[REAL], result.systems["timid"]
    assert timid.scores.opening < 0.7 * real.scores.opening
    assert timid.scores.r_opening > 0.5
    assert np.isnan(real.scores.r_opening)
    assert real.people == 2
    assert real.scores.flicker >= 0
    next(tmp_path.glob("timid-clip-bob-*.npz")).unlink()
    again = evaluate_videos(places, Judges(), tmp_path)
    assert to_json(again) == to_json(result)
    monkeypatch.setattr(systems, "read_film", None)  # nothing is tracked again
    assert to_json(evaluate_videos(places, Judges(), tmp_path)) == to_json(result)


def test_lips_that_meet_are_told_apart_by_the_mouth_of_the_portrait():
    basis = released_basis()
    pose, dynamics = (np.zeros((50, size), np.float32) for size in (6, len(basis.dynamics)))
    still = Motion(pose, dynamics, basis.name)
    spoken = SpokenMotion(still, basis.mean, [Phone("P", 0.2, 0.4), Phone("AA", 0.6, 1.0)])
    for portrait, shut, apart in ((0.5, 100, nan), (6.0, nan, 100)):
        found = systems._with_contacts(FilmScores(portrait=portrait), spoken, 0.01)
        assert found.met == 100
        np.testing.assert_equal([found.met_shut, found.met_open], [shut, apart])


def test_a_judge_that_is_often_wrong_can_be_trusted_for_means_or_not_at_all():
    films = [film_of(f"p{i}") for i in range(10)]
    real = [1.0] * 10
    for spoiled, trust in (
        ([0.5] * 10, "each video"),
        ([0.5] * 8 + [1.1] * 2, "means over people"),
        ([0.9, 1.1] * 5, "nothing"),
    ):
        assert verdict("judge", "how", real, spoiled, LOWER, films).trust == trust


def film_of(person: str, frames: int = 1) -> VoicedMotion:
    basis = released_basis()
    pose, dynamics = (np.zeros((frames, size), np.float32) for size in (6, len(basis.dynamics)))
    return VoicedMotion(person, Motion(pose, dynamics, basis.name), np.zeros(640 * frames, "f4"))


def test_the_head_judge_leaves_short_videos_alone():
    judge: Any = SimpleNamespace(scores=lambda heads, sounds: np.eye(len(heads)))
    short, long = film_of("a", LEAST - 1), film_of("b", LEAST)
    assert "head_voice" not in head_figures(short.motion, short.pcm, judge)
    assert head_figures(long.motion, long.pcm, judge)["head_voice"] == 1
    assert not [*validity._head([short, long], Judges(head=judge))]


def test_a_person_is_tried_for_faults_in_the_first_video_that_begins_with_a_face(
    places, monkeypatch
):
    films = [read_film(one) for one in places[REAL].values()]
    other = replace(films[0], frames=[np.zeros_like(films[0].frames[0])])
    tried: list[int] = []

    def keep(portraits):
        tried.append(len(portraits))
        return []

    monkeypatch.setattr(validity, "try_faults", keep)
    assert not [*validity._faults([other, *films])]
    assert tried == [2]


def test_a_video_of_half_a_second_is_refused(videos, tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 64, 64, None) as video:
        for _ in range(10):
            video.write(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(GiocondaError, match="10 frames; expected 15 or more"):
        read_film(Place("a", "a", tmp_path / "a.mp4", tmp_path / "a.mp4"))


def test_judges_notice_what_they_are_there_for(places, monkeypatch):
    monkeypatch.setattr(validity, "_HELD", 3)
    films = [
        film(one.name, one.person, list(read_video(one.video)), np.zeros(640 * FRAMES, np.float32))
        for one in places[REAL].values()
    ]
    found = evaluate_judges(films, {}, Judges())
    right = {one.judge: one.right for one in found if one.videos}
    assert {"sharpness, face", "flicker", "lips tremble in silence, % a frame"} <= set(right)
    for name in ("sharpness, face", "sharpness, mouth", "flicker"):
        assert right[name] == 100
    assert right["seams along the matte, grey levels"] == 100
    assert {one.expected for one in found} == {LOWER, HIGHER}
    assert {one.trust for one in found if one.judge == "flicker"} == {"too few"}
    with pytest.raises(GiocondaError, match="two people"):
        evaluate_judges(films[:1], {}, Judges())
