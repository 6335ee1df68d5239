"""``gioconda evaluate compare`` and ``all`` as a user meets them."""

import json

import pytest

from gioconda import cli


@pytest.fixture
def results(tmp_path):
    files = []
    for shift in (0.0, 0.5):
        clips = {
            f"c{i}": {"person": f"p{i}", "scores": {"sync": shift + i / 100}} for i in range(6)
        }
        files.append(tmp_path / f"{shift}.json")
        files[-1].write_text(json.dumps({"systems": {"ours": {"clips": clips}}, "people": 6}))
    return [str(file) for file in files]


def test_what_moved_is_shown_with_its_interval(results, capsys):
    assert cli.main(["evaluate", "compare", *results, "--moved"]) == 0
    shown = capsys.readouterr().out
    assert "systems.ours.sync" in shown
    assert "+0.5 to +0.5" in shown
    assert "people" not in shown.splitlines()[-2]
    assert cli.main(["evaluate", "compare", *results, "--json"]) == 0
    first, last = json.loads(capsys.readouterr().out)
    assert (first["figure"], first["people"], last["figure"]) == ("systems.ours.sync", 6, "people")


def test_what_is_no_result_is_refused_in_one_line(results, tmp_path, capsys):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[1")
    assert cli.main(["evaluate", "compare", results[0], str(wrong)]) == 2
    assert "is not JSON" in capsys.readouterr().err


def test_a_part_that_does_not_exist_is_named_with_those_that_do(tmp_path, capsys):
    asked = ["evaluate", "all", str(tmp_path), "-o", str(tmp_path / "r"), "--only", "speed"]
    assert cli.main(asked) == 2
    assert "speed is not a part; the parts are videos, judges" in capsys.readouterr().err


def test_what_a_command_prints_is_recorded_and_becomes_a_table_of_the_docs(
    tmp_path, capsys, monkeypatch, photo_path
):
    monkeypatch.chdir(photo_path.parent)
    kept, page = tmp_path / "rest.json", tmp_path / "figures.md"
    command = ["evaluate", "rest", str(photo_path)]  # a path is of this machine
    assert cli.main(["evaluate", "record", "-o", str(kept), "--", *command]) == 0
    record = json.loads(kept.read_text())
    assert record["command"] == " ".join(command)
    assert cli.main(["evaluate", "figures", str(kept), "-o", str(page)]) == 0
    docs = page.read_text()
    assert f"`gioconda evaluate rest {photo_path.name}`; {record['machine']}; commit" in docs
    assert f"| {photo_path.name} | 0 |" in docs
    assert cli.main(["evaluate", "record", "-o", str(kept), "--", "models", "--no"]) == 2
    assert "gioconda models --no failed" in capsys.readouterr().err
    kept.write_text('{"mean": 1}')
    assert cli.main(["evaluate", "figures", str(kept), "-o", str(page)]) == 2
    assert "rest.json is not a record" in capsys.readouterr().err
