"""Pairs are blind, and what is preferred is written down."""

import json
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.evaluation.watching import Watching, find_pairs, serve
from gioconda.media import VideoWriter
from tests.live.browser import find_chromium


@pytest.fixture
def report(tmp_path):
    for system in ("real", "gioconda"):
        for clip in ("a", "b", "c"):
            file = tmp_path / "videos" / system / "ann" / f"{clip}.mp4"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(f"{system} {clip}".encode())
    return tmp_path


def test_each_clip_is_a_pair_on_random_sides_that_a_seed_decides(report):
    pairs = find_pairs([report], seed=1)
    assert sorted(pair.clip for pair in pairs) == ["a", "b", "c"]
    assert pairs == find_pairs([report], seed=1)
    assert len({tuple(p.left for p in find_pairs([report], seed)) for seed in range(9)}) > 1
    for pair in pairs:
        assert pair.videos[0].read_text() == f"{pair.left} {pair.clip}"


def test_reports_are_held_against_each_other_and_share_the_real_one(report, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "videos").mkdir()
    (report / "videos" / "real").rename(other / "videos" / "real")
    pairs = find_pairs([report, other])
    assert {frozenset((p.left, p.right)) for p in pairs} == {
        frozenset(("real", f"{report.name}/gioconda"))
    }


def test_answers_are_kept_and_not_asked_again(report):
    file = report / "preferences.jsonl"
    watching = Watching(find_pairs([report]), file)
    first = watching.next()["pair"]
    watching.prefer(first, "left")
    with pytest.raises(GiocondaError):
        watching.prefer(first, "left")
    kept = json.loads(file.read_text())
    assert kept["preferred"] == watching.pairs[first].left
    again = Watching(find_pairs([report], seed=5), file)
    assert again.next()["left"] == 2
    assert again.counts() == {"gioconda against real": {kept["preferred"]: 1}}


def test_the_page_shows_both_sides_without_their_names_and_takes_answers(report):
    watching = Watching(find_pairs([report]), report / "preferences.jsonl")
    with serve(watching, 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        told = json.loads(urlopen(f"{here}/next").read())
        assert "real" not in json.dumps(told) + urlopen(here).read().decode()
        left = urlopen(f"{here}/video/{told['pair']}/left").read()
        assert left == watching.pairs[told["pair"]].videos[0].read_bytes()
        body = json.dumps({"pair": told["pair"], "choice": "right"}).encode()
        kind = {"Content-Type": "application/json"}
        with pytest.raises(HTTPError, match="400"):
            urlopen(Request(f"{here}/prefer", body, {"Content-Type": "text/plain"}))
        after = json.loads(urlopen(Request(f"{here}/prefer", body, kind)).read())
        assert after["left"] == 2
        for wrong in ("/video/9/left", "/video/0/up", "/secret"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(here + wrong)
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(f"{here}/next", headers={"Host": "elsewhere.test"}))
        server.shutdown()


def test_a_report_without_two_systems_is_refused(tmp_path):
    with pytest.raises(GiocondaError, match="no clip of two systems"):
        find_pairs([tmp_path])


@pytest.mark.slow
@pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # what the browser leaves behind
def test_keys_alone_judge_all_pairs_in_a_browser(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    for level, system in ((60, "real"), (180, "gioconda")):
        for clip in "abc":
            file = tmp_path / "videos" / system / "ann" / f"{clip}.mp4"
            file.parent.mkdir(parents=True, exist_ok=True)
            with VideoWriter(file, 64, 64, np.zeros(640 * 25, np.float32)) as video:
                for _ in range(25):
                    video.write(np.full((64, 64, 3), level, np.uint8))
    watching = Watching(find_pairs([tmp_path]), tmp_path / "preferences.jsonl")
    server = serve(watching, 0)
    Thread(target=server.serve_forever, daemon=True).start()
    said: list[str] = []
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        for left, key in ((3, "ArrowLeft"), (2, "ArrowRight"), (1, "ArrowDown")):
            page.wait_for_function(
                "left => document.getElementById('count').textContent === `${left} left`"
                " && [...document.querySelectorAll('video')].every(v => v.currentTime > 0.1)",
                arg=left,
            )
            page.keyboard.press(key)
        page.wait_for_selector("text=That was all")
        assert page.locator("video").count() == 0
        browser.close()
    server.shutdown()
    server.server_close()
    told = [json.loads(line) for line in (tmp_path / "preferences.jsonl").open()]
    pairs = watching.pairs
    assert [one["preferred"] for one in told] == [pairs[0].left, pairs[1].right, None]
    assert not said
