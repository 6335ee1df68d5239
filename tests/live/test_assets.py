"""The files of the page: what they hold, and how they are served."""

import asyncio
import re
from html.parser import HTMLParser

import httpx
import pytest

from gioconda.live.app import make_app
from gioconda.live.routes.pages import FOLDER
from gioconda.live.server import Settings

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def ask(address: str, *, locked: bool = False) -> httpx.Response:
    """The answer of a server that was not started, so that nothing is loaded."""
    app = make_app(Settings({"ada": "a-secret-key"} if locked else {}))

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(address)

    return asyncio.run(answer())


class Inline(HTMLParser):
    """Collects what a content policy without `unsafe-inline` forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        handlers = [name for name in names if name.startswith("on") or name == "style"]
        scripts = [text for text in names.values() if (text or "").startswith("javascript:")]
        self.found += [f"{tag} {each}" for each in handlers + scripts]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)


@pytest.mark.parametrize("address", ["/", "/docs"])
def test_nothing_is_inline(address: str) -> None:
    response = ask(address)
    assert "unsafe" not in response.headers["content-security-policy"]
    inline = Inline()
    inline.feed(response.text)
    assert inline.found == []


def test_inline_code_would_be_found() -> None:
    inline = Inline()
    inline.feed("<style></style><script>1</script><p style='' onclick=''><a href='javascript:1'>")
    assert inline.found == ["style", "script", "p style", "p onclick", "a javascript:1"]


def test_every_file_has_its_type_and_may_be_kept() -> None:
    version = _version()
    files = [file for file in FOLDER.iterdir() if file.name != "index.html"]
    assert len(files) > 10
    for file in files:
        response = ask(f"/page/{version}/{file.name}")
        assert response.content == file.read_bytes()
        kind = response.headers["content-type"].partition(";")[0]
        assert kind == KINDS["." + file.name.rpartition(".")[2]]
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
    assert ask("/").headers["cache-control"] == "no-cache"


def test_what_is_no_file_of_the_page_is_not_found() -> None:
    for name in ("index.html", "nothing.js", "..%2fserver.py", "%2e%2e/server.py"):
        assert ask(f"/page/{_version()}/{name}").status_code == 404


def test_the_page_s_files_need_no_key() -> None:
    assert ask(f"/page/{_version()}/main.js", locked=True).status_code == 200
    assert ask("/docs", locked=True).status_code == 401


def _version() -> str:
    found = re.search(r'"page/(\w+)/main.js"', ask("/").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_controls_stand_out(scheme: str) -> None:
    """Contrast by WCAG 2.2: 4.5 for text (1.4.3), 3 for what bounds a control (1.4.11)."""
    blocks = re.findall(r":root \{(\s*--paper.*?)\}", (FOLDER / "style.css").read_text(), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in blocks)
    colour = light if scheme == "light" else dark
    grounds = {"ink": "paper card tint", "soft": "paper card tint", "accent": "paper card tint"}
    grounds |= {"warn": "card warn-tint", "on-accent": "accent", "edge": "paper card"}
    for front, behind in grounds.items():
        for back in behind.split():
            least = 3 if front == "edge" else 4.5
            assert contrast(colour[front], colour[back]) >= least, (front, back)


def contrast(first: str, second: str) -> float:
    dark, bright = sorted(map(luminance, (first, second)))
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative, of "#rgb" or "#rrggbb" (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
