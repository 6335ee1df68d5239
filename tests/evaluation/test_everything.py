"""A run that was stopped goes on and tells the same; the page and the docs are made of it."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation import dependencies, everything
from gioconda.evaluation.dependencies import fingerprint
from gioconda.evaluation.everything import run_everything
from gioconda.evaluation.faults import Faults
from gioconda.evaluation.film_scores import FilmScores, Judges
from gioconda.evaluation.inputs import write_inputs
from gioconda.evaluation.markdown import write_figures
from gioconda.evaluation.page import write_page
from gioconda.evaluation.parts import PARTS, Subject
from gioconda.evaluation.picture_features import PictureDistance
from gioconda.evaluation.systems import Clip as Scored
from gioconda.evaluation.systems import System, VideosResult, mean_scores
from gioconda.evaluation.verdicts import Verdict
from gioconda.inference import weights_file
from tests.evaluation import small_report
from tests.evaluation.small_report import Drawn


def subject(folder: Path, clips: int = 4) -> Subject:
    return Subject(folder, Path("set"), [], [], {}, [], clips, Judges)


def videos(subject: Subject, report: object) -> VideosResult:
    def system(sync: float, distance: PictureDistance | None) -> System:
        clips = {f"c{i}": Scored(f"p{i}", FilmScores(sync=sync + i / 10)) for i in range(5)}
        return System(5, mean_scores(list(clips.values())), None, distance, clips)

    made = system(0.3, PictureDistance(99, 5.0, 1.0))
    return VideosResult("hama", 1.0, ["no dlib"], {"real": system(0.5, None), "gioconda": made})


def judges(subject: Subject, report: object) -> list[Verdict]:
    return [Verdict("sync", "still", 3, 0.5, float("nan"), "lower", 100.0)]


def faults(subject: Subject, report: object) -> dict[str, Faults]:
    return {"a <b>": Faults(0.1, 0.0, float("nan"), 1.0)}


CALLS = count()


def rest(subject: Subject, report: object) -> dict[str, Any]:
    return {"a.png": {"mean": float(next(CALLS))}}


def fail(subject: Subject, report: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def parts(monkeypatch):
    found = {"videos": videos, "judges": judges, "faults": faults, "rest": rest}
    monkeypatch.setattr(everything, "PARTS", found)
    return found


def test_a_stopped_run_goes_on_with_what_is_left(tmp_path, parts, monkeypatch):
    whole = run_everything(subject(tmp_path))
    file = tmp_path / "report.json"
    written = file.read_bytes()
    assert run_everything(subject(tmp_path)) == whole == json.loads(written)
    assert file.read_bytes() == written
    (tmp_path / "parts" / "judges.json").unlink()
    monkeypatch.setitem(parts, "judges", fail)
    with pytest.raises(KeyboardInterrupt):
        run_everything(subject(tmp_path))
    monkeypatch.setitem(parts, "judges", judges)
    run_everything(subject(tmp_path))
    assert file.read_bytes() == written


def test_only_what_depends_on_a_change_is_measured_again(tmp_path, parts, monkeypatch):
    before = run_everything(subject(tmp_path))["parts"]
    kept = {part: fingerprint(part) for part in parts.values()}
    monkeypatch.setattr(everything, "fingerprint", lambda part: kept[part])
    kept[rest] = "another"
    monkeypatch.setitem(parts, "faults", fail)  # it would fail if it were measured again
    kept[fail] = kept[faults]
    after = run_everything(subject(tmp_path))["parts"]
    assert after.pop("rest") != before.pop("rest")
    assert after == before
    kept[fail] = "another"
    assert "faults" not in run_everything(subject(tmp_path), only=["rest"])["parts"]


def test_drawing_does_not_depend_on_the_lips_weights_and_speaking_does(monkeypatch, tmp_path):
    before = {name: fingerprint(PARTS[name]) for name in PARTS}
    other = tmp_path / "lips.onnx"
    other.write_bytes(b"others")
    monkeypatch.setattr(
        dependencies,
        "weights_file",
        lambda name: other if name == "lips.onnx" else weights_file(name),
    )
    moved = {name for name in PARTS if fingerprint(PARTS[name]) != before[name]}
    assert {"videos", "performance", "generator", "listening", "song"} == moved


def test_what_is_imported_from_the_package_itself_counts(monkeypatch):
    before = fingerprint(PARTS["faults"])
    digest = dependencies._digest
    monkeypatch.setattr(
        dependencies, "_digest", lambda file: "other" if file.name == "cache.py" else digest(file)
    )
    assert fingerprint(PARTS["faults"]) != before


@pytest.mark.slow
def test_a_run_that_is_killed_and_goes_on_writes_the_same_bytes_as_one_that_is_not(tmp_path):
    ways = ["whole", "killed"]
    command = [sys.executable, "-m", "tests.evaluation.small_report"]
    for way in ways:
        (tmp_path / way).mkdir()
    subprocess.run([*command, str(tmp_path / "whole")], check=True)
    killed = 0
    for seen in ("videos/gioconda/p0/*.mp4", "parts/videos/*.npz", "parts/videos.json"):
        with subprocess.Popen([*command, str(tmp_path / "killed")]) as running:
            while running.poll() is None:
                if any((tmp_path / "killed").glob(seen)):
                    running.kill()
                    killed += 1
                    break
                time.sleep(0.02)
    assert killed == 3
    subprocess.run([*command, str(tmp_path / "killed")], check=True)
    one, two = ((tmp_path / way / "report.json").read_bytes() for way in ways)
    assert one == two
    assert list(json.loads(one)["parts"]) == ["videos", "rest"]


def test_clips_that_begin_without_a_face_are_left_out(tmp_path):
    @dataclass(frozen=True)
    class Dark(Drawn):
        def frames(self):
            return (np.zeros_like(frame) for frame in super().frames())

    clips = small_report.subject(tmp_path).held_out
    dark: list[Clip] = [Dark(**vars(clips[0]))]
    told = []
    found = write_inputs(dark + clips[1:], 2, tmp_path, lambda *done: told.append(done))
    assert [one.name for one in found] == ["c1"]
    assert told == [(1, 2)]
    with pytest.raises(GiocondaError, match="a face that can be animated"):
        write_inputs(dark, 2, tmp_path / "other", lambda *done: None)
    assert not any(one.is_dir() for one in (tmp_path / "other/inputs").iterdir())


def test_a_report_of_another_size_is_left_alone(tmp_path, parts):
    run_everything(subject(tmp_path), only=["rest"])
    with pytest.raises(GiocondaError, match="clips 4, not 5"):
        run_everything(subject(tmp_path, 5))


def test_page_and_docs_have_every_part(tmp_path, parts):
    result = run_everything(subject(tmp_path))
    run = json.loads((tmp_path / "run.json").read_text())
    page = write_page(result, run, tmp_path).read_text()
    for part in ("sync judge, score", "0.700 <span", "<svg", "a &lt;b&gt;", "no dlib", "5.00"):
        assert part in page
    write_figures([(result, run)], [], tmp_path / "figures.md")
    docs = (tmp_path / "figures.md").read_text()
    assert docs.count("`gioconda evaluate all") == 4
    assert "| sync judge, score | 0.700 [" in docs
    for fact in ("machine", "date", "commit"):
        assert run["parts"]["rest"][fact] in docs


def test_docs_have_records_what_moved_and_what_was_measured_otherwise(tmp_path, parts):
    result = run_everything(subject(tmp_path))
    run = json.loads((tmp_path / "run.json").read_text())
    before = json.loads(json.dumps(result))
    for clip in before["parts"]["videos"]["systems"]["gioconda"]["clips"].values():
        clip["scores"]["sync"] -= 0.1
    found = {"stages": [{"stage": "motion", "median_ms": 7.5, "p95_ms": 8.0, "fps": 133.0}]}
    facts = {"machine": "a machine", "commit": "abc", "date": "2026-01-01"}
    record = {"command": "bench --size 256", **facts, "found": found}
    file = tmp_path / "figures.md"
    write_figures([(result, run)], [record], file, before, "## Else\n\nmore")
    docs = file.read_text()
    assert "| ms a frame, median | 7.50 |" in docs
    assert "`gioconda bench --size 256`; a machine; commit abc; 2026-01-01" in docs
    assert "| gioconda: sync judge, score | 0.4 | 0.5 | +0.1 [+0.1, +0.1] |" in docs
    assert docs.endswith("more\n")
