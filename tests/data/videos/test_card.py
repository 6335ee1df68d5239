"""The data card: its figures, its page, its pictures."""

import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gioconda.data.videos.card import check_matplotlib, figures, write_card
from gioconda.errors import GiocondaError
from gioconda.media import read_image

pytest.importorskip("matplotlib")


def clip(name: str, person: str, split: str, **more: Any) -> dict[str, Any]:
    known = {"source": "grid", "licence": "MIT", "language": "en", "seconds": 90.0}
    told = {"speech": True, "emotion": "happy", "emotion_source": "geometry"}
    return {"name": name, "person": person, "split": split, **known, **told, **more}


def reject(name: str, kind: str, thumbnail: bytes | None, **more: Any) -> dict[str, Any]:
    told = {"reason": f"{kind}: found 1 & <2>", "seconds": 6.0, "thumbnail": thumbnail}
    return {"name": name, "source": "grid", "kind": kind, **told, **more}


def strip(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (288, 96), (shade, 80, 160)).save(out, "JPEG")
    return out.getvalue()


KEPT = [
    clip("a", "p", "train"),
    clip("b", "q", "train", source="news", licence=None, speech=False, emotion="sad"),
    clip("c", "r", "val", language=None),
]
REJECTS = [
    *(reject(f"blurred-{i:02d}", "blurred", strip(i)) for i in range(40)),
    reject("twice", "two faces", strip(0), source="film"),
    reject("broken", "unreadable", None),
]
HISTOGRAMS = {
    "yaw": {"val": ([0, 4, 4], [-30, -10, 10, 30]), "train": ([25, 50, 25], [-30, -10, 10, 30])},
    "loudness": {"train": ([0, 0], [-80, -40, 0])},
}
OFFSET = {"frames": -1.52, "low": -2.0, "high": -1.0, "clips": 2, "sure": True}
UNKNOWN = {"frames": 0.0, "low": -8.0, "high": 8.0, "clips": 0, "sure": False}
OFFSETS = {
    "grid": {"found": OFFSET, "left": OFFSET | {"frames": 0.04, "sure": False}},
    "news": {"found": UNKNOWN},
}


class Page(HTMLParser):
    """What a browser would load, and what a reader would be told of pictures and in cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.alts: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for key, value in attrs if key in ("src", "srcset", "href")]
        if tag == "img":
            self.alts.append(dict(attrs)["alt"] or "")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.rstrip("\n")


def write(folder: Path, kept: list[dict[str, Any]], rejects: list[dict[str, Any]]) -> str:
    write_card(folder, figures(kept, rejects), rejects, HISTOGRAMS, OFFSETS, "0.1.0")
    return (folder / "card.html").read_text()


def picture(card: Path, name: str) -> NDArray[np.uint8]:
    return read_image(card / "card" / f"{name}.png")


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    write(folder, KEPT, REJECTS)
    return folder


def test_figures_count_clips_minutes_and_people() -> None:
    told = figures(KEPT, REJECTS)
    assert (told["clips"], told["minutes"], told["people"]) == (3, 4.5, 3)
    assert told["speech_minutes"] == 3.0
    assert list(told["splits"]) == ["train", "val"]
    assert told["splits"]["train"] == {"clips": 2, "minutes": 3.0, "people": 2}
    assert told["sources"]["grid"]["rejects"] == 41
    assert told["sources"]["film"]["clips"] == 0
    assert set(told["licences"]) == {"MIT", "not stated"}
    assert told["languages"]["unknown"]["clips"] == 1
    assert told["rejects"]["blurred"] == {"count": 40, "minutes": 4.0}
    assert told["people_in_two_splits"] == 0


def test_figures_tell_of_people_in_two_splits(tmp_path: Path) -> None:
    kept = [*KEPT, clip("d", "p", "val")]
    assert figures(kept, [])["people_in_two_splits"] == 1
    assert "in more than one split" in write(tmp_path, kept, [])


def test_page_needs_nothing_but_its_pictures(card: Path) -> None:
    page = Page((card / "card.html").read_text())
    assert {f"card/{file.name}" for file in (card / "card").iterdir()} == set(page.links)
    assert all(page.alts)
    assert not list(card.glob(".*")) + list(card.glob("card/.*"))


def test_page_tells_offsets_and_sources(card: Path) -> None:
    rows = {row[0]: row[1:] for row in Page((card / "card.html").read_text()).rows}
    assert rows["grid"] == ["2", "3.0", "2", "−1.5 ± 0.5", "0.0 ± 0.5 ?", "41", "MIT"]
    assert rows["news"][3:5] == ["–", "–"]
    assert rows["film"][-2] == "1"


def test_page_escapes_what_it_is_told(card: Path) -> None:
    text = (card / "card.html").read_text()
    assert "found 1 &amp; &lt;2&gt;" in text


def test_histograms_without_frames_are_left_out(card: Path) -> None:
    text = (card / "card.html").read_text()
    assert "train: 0 (−26 to 26)" in text
    assert "loudness" not in text
    assert not np.array_equal(picture(card, "yaw"), picture(card, "yaw-dark"))


def test_at_most_thirty_of_a_kind_are_shown(card: Path) -> None:
    text = (card / "card.html").read_text()
    assert len(re.findall(r"<b>blurred-\d\d</b>", text)) == 30
    assert "30 of 40" in text
    assert len(list(card.glob("card/blurred-*.jpg"))) == 30
    assert (card / "card/two-faces-0.jpg").read_bytes() == strip(0)
    # Dropped with no picture: told in words.
    assert not list(card.glob("card/unreadable-*"))
    assert "<b>broken</b>" in text


def test_the_same_records_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name, order in (("one", 1), ("two", -1)):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, KEPT[::order], REJECTS[::order])
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        written.append({str(path.relative_to(folder)): path.read_bytes() for path in files})
    assert written[0] == written[1]


def test_a_set_of_which_nothing_was_dropped_says_so(tmp_path: Path) -> None:
    assert "Nothing was dropped" in write(tmp_path, KEPT, [])


def test_missing_matplotlib_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GiocondaError, match=r"gioconda-portrait\[data\]"):
        check_matplotlib()
