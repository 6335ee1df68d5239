"""A run that was stopped goes on and tells the same; the page and the docs are made of it."""

import json
from itertools import count
from pathlib import Path

import pytest

from gioconda.errors import GiocondaError
from gioconda.evaluation import everything
from gioconda.evaluation.everything import Subject, run_everything
from gioconda.evaluation.faults import Faults
from gioconda.evaluation.film_scores import FilmScores, Judges
from gioconda.evaluation.markdown import write_figures
from gioconda.evaluation.page import write_page
from gioconda.evaluation.picture_features import PictureDistance
from gioconda.evaluation.systems import Clip, System, VideosResult, mean_scores
from gioconda.evaluation.validity import Verdict


def subject(folder: Path, clips: int = 4) -> Subject:
    return Subject(folder, Path("set"), [], [], {}, [], clips, Judges)


def videos(subject: Subject, report: object) -> VideosResult:
    def system(sync: float, distance: PictureDistance | None) -> System:
        clips = {f"c{i}": Clip(f"p{i}", FilmScores(sync=sync + i / 10)) for i in range(5)}
        return System(5, mean_scores(list(clips.values())), None, distance, clips)

    made = system(0.3, PictureDistance(99, 5.0, 1.0))
    return VideosResult("hama", 1.0, ["no dlib"], {"real": system(0.5, None), "gioconda": made})


@pytest.fixture
def parts(monkeypatch):
    calls = count()
    found = {
        "videos": videos,
        "judges": lambda *_: [Verdict("sync", "still", 3, 0.5, float("nan"), "lower", 100.0)],
        "faults": lambda *_: {"a <b>": Faults(0.1, 0.0, float("nan"), 1.0)},
        "rest": lambda *_: {"mean": float(next(calls))},
    }
    monkeypatch.setattr(everything, "PARTS", found)
    return found


def test_a_stopped_run_goes_on_with_what_is_left(tmp_path, parts, monkeypatch):
    whole = run_everything(subject(tmp_path))
    file = tmp_path / "report.json"
    written = file.read_bytes()
    assert run_everything(subject(tmp_path)) == whole == json.loads(written)
    assert file.read_bytes() == written
    (tmp_path / "parts" / "judges.json").unlink()

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(parts, "judges", fail)
    with pytest.raises(KeyboardInterrupt):
        run_everything(subject(tmp_path))
    monkeypatch.setitem(
        parts,
        "judges",
        lambda *_: [Verdict("sync", "still", 3, 0.5, float("nan"), "lower", 100.0)],
    )
    run_everything(subject(tmp_path))
    assert file.read_bytes() == written


def test_a_report_of_another_size_is_left_alone(tmp_path, parts):
    run_everything(subject(tmp_path), only=["rest"])
    with pytest.raises(GiocondaError, match="clips 4, not 5"):
        run_everything(subject(tmp_path, 5))


def test_page_and_docs_have_every_part(tmp_path, parts):
    result = run_everything(subject(tmp_path))
    run = json.loads((tmp_path / "run.json").read_text())
    page = write_page(result, run, tmp_path).read_text()
    for part in ("sync judge, score", "0.700 [", "<svg", "a &lt;b&gt;", "no dlib", "5.00"):
        assert part in page
    write_figures(result, run, tmp_path / "figures.md")
    docs = (tmp_path / "figures.md").read_text()
    assert docs.count("`gioconda evaluate all") == 4
    assert "| sync judge, score | 0.700 [" in docs
    assert run["machine"] in docs
    assert run["date"] in docs
