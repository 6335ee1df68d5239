"""The element, on a page of another site, in a real browser."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gioconda.live import pool
from gioconda.live.limits import Limits
from gioconda.live.routes.pages import FOLDER
from gioconda.live.server import Settings
from gioconda.portrait import Portrait

from .browser import READY_S, find_chromium
from .conftest import serving
from .loudness_animator import loudness_animators

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PACKAGE = Path(__file__).parents[2] / "integrations/web/package.json"

_PAGE = """<!doctype html>
<script type="module" src="{server}/page/latest/gioconda-portrait.js"></script>
<gioconda-portrait id="portrait"></gioconda-portrait><button>Speak</button>
<script>
  window.states = [];
  portrait.addEventListener('state', ({{detail}}) => states.push(detail.state));
  document.querySelector('button').onclick = () => portrait.wake();
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing of it."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Another site: its address, and the folder that it shows."""
    handler = partial(_Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        threading.Thread(target=site.serve_forever).start()
        yield f"http://127.0.0.1:{site.server_port}", tmp_path
        site.shutdown()


def test_a_portrait_on_another_site_speaks_and_is_interrupted(
    elsewhere: tuple[str, Path], portrait: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = elsewhere
    monkeypatch.setattr(pool, "Animator", loudness_animators(portrait))
    settings = Settings(limits=Limits(sessions=1, requests=100_000), origins=(address,))
    with serving(settings) as running, playwright.sync_playwright() as driver:
        (folder / "index.html").write_text(_PAGE.format(server=running.url))
        browser = driver.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.click("button")
        page.wait_for_function("portrait.state === 'idle'", timeout=1000 * READY_S)
        voice = running.client().get("/voices/example").content
        page.evaluate("async bytes => portrait.play(new Uint8Array(bytes).buffer)", list(voice))
        page.wait_for_function("portrait.state === 'speaking'", timeout=1000 * READY_S)
        page.evaluate("portrait.interrupt()")
        page.wait_for_function("portrait.state === 'idle'", timeout=1000 * READY_S)
        assert "speaking" in page.evaluate("states")
        page.wait_for_timeout(1000)  # what was on its way has come
        assert page.evaluate("portrait.state") == "idle"
        assert page.locator("gioconda-portrait[state=idle]").count() == 1
        page.evaluate("portrait.sleep()")
        assert page.evaluate("portrait.state") == "asleep"
        browser.close()


def test_after_a_restart_of_the_server_it_comes_back_by_itself(
    elsewhere: tuple[str, Path], portrait: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = elsewhere
    monkeypatch.setattr(pool, "Animator", loudness_animators(portrait))
    settings = Settings(limits=Limits(sessions=1, requests=100_000), origins=(address,))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        with serving(settings) as running:
            (folder / "index.html").write_text(_PAGE.format(server=running.url))
            page.goto(address)
            page.click("button")
            page.wait_for_function("portrait.state === 'idle'", timeout=1000 * READY_S)
        page.wait_for_function("portrait.state === 'waiting'", timeout=1000 * READY_S)
        with serving(settings, running.port):
            page.wait_for_function("portrait.state === 'idle'", timeout=1000 * READY_S)
        assert page.evaluate("states").count("waiting") >= 2
        browser.close()


def test_a_site_that_is_not_allowed_is_told_so(elsewhere: tuple[str, Path]) -> None:
    """The package's files, on a site that the server does not know."""
    address, folder = elsewhere
    for file in FOLDER.iterdir():
        if file.name.endswith(".js"):
            (folder / file.name).write_text(file.read_text())
    with serving(Settings(limits=Limits(sessions=1))) as running, playwright.sync_playwright() as d:
        (folder / "index.html").write_text(
            '<!doctype html><script type="module" src="gioconda-portrait.js"></script>'
            f'<gioconda-portrait id="portrait" server="{running.url}"></gioconda-portrait>'
        )
        browser = d.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        message = page.evaluate("portrait.wake().catch(({code, message}) => code + ': ' + message)")
        assert message.startswith("unreachable: ")
        assert address in message
        assert page.evaluate("portrait.state") == "asleep"
        browser.close()


def test_the_package_holds_all_that_the_element_loads() -> None:
    packed = set(json.loads(PACKAGE.read_text())["scripts"]["prepack"].split())
    needed, known = ["gioconda-portrait.js"], set()
    while needed:
        name = needed.pop()
        if name in known:
            continue
        known.add(name)
        text = (FOLDER / name).read_text()
        needed += [each.name for each in FOLDER.iterdir() if f"'./{each.name}'" in text]
        needed += ["tap.js"] if "'tap.js'" in text else []
    assert known == {name for name in packed if name.endswith(".js")}
