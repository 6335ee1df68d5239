"""What readers see: links lead somewhere, lines are short, figures are those of figures.md."""

import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from urllib.parse import unquote, urlsplit

import pytest

from gioconda.cli import make_parser

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures.md"
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src" / "gioconda" / "weights").glob("*.md"),
        *(ROOT / "integrations").rglob("*.md"),
    ]
)
CARDS = [page for page in PAGES if page.parent.name == "weights"]
# Not read at length: records, and packages of their own, which have figures of their own.
READ = [p for p in PAGES if p.name != "CHANGELOG.md" and "integrations" not in p.parts]
LONGEST = 150  # characters

# Numbers that look like figures of quality and are none.
NOT_FIGURES = (
    r"\d{4}-\d\d-\d\d",  # dates
    r"\d+ x \d+",  # sizes in pixels
    r"[\d.]+ M parameters",  # sizes of models
    r"\d+\.\d+\.\d+",  # versions
    r"(?:Python|Apache|CC BY(?:-SA)?|CC0|AGPL|GPL)[- ]\d+(?:\.\d+)?",
    r"\b3\.1\d\b",  # Pythons
    r"25 frames a second",  # of every video
    r"(?:10|20|40|80|200) ms",  # frames, look-ahead and margins of sound
    r"-?\d+ to \d+ degrees|\b(?:3|7|11|15|27|30) degrees",  # ranges of dials, definitions
    r"0\.5 to 2\b",  # of the dial of distance
    r"lids under 80 %",  # the name of a figure
)
# A figure of quality: a number with a point, or with one of these units.
UNITS = r"(?:%|per cent|ms|dB|frames a second|degrees)"
FIGURE = re.compile(
    rf"(?<![\w.,/-])-?(\d+\.\d+(?!\.?\w)|\d+(?= {UNITS})|\d+(?= (?:to|and|or) \d+ {UNITS}))"
)


def prose(text: str) -> str:
    """A page without code, addresses and HTML. A setting is written as code, a figure is not."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = re.sub(r"`[^`]*`", "", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"<[^>]*>|https?://\S+", "", text)
    return re.sub(r"\s+", " ", text)


def figures(text: str) -> list[str]:
    """The figures of quality that a page states."""
    for pattern in NOT_FIGURES:
        text = re.sub(pattern, "", text)
    return [found[1] for found in FIGURE.finditer(text)]


def is_among(figure: str, known: list[str]) -> bool:
    """Whether a figure, or one that rounds to it, is known."""
    digits = len(figure.partition(".")[2])
    return figure in known or any(f"{float(one):.{digits}f}" == figure for one in known)


def anchors(text: str) -> set[str]:
    """Of headings, as GitHub and mkdocs make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        found.add(name)
    return found


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in links(page):
        address = urlsplit(link)
        if address.scheme:
            continue
        target = page.parent / unquote(address.path) if address.path else page
        if not target.exists() or (
            address.fragment and address.fragment not in anchors(target.read_text())
        ):
            broken.append(link)
    assert not broken


def commands(page: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Of each `gioconda ...` in code, its words until an option, and its long options."""
    text = page.read_text().replace("\\\n", " ")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in [*"\n".join(blocks).splitlines(), *inline]:
        said = re.match(r"gioconda ([^#|&;]*)", line.strip())
        if said:
            own = said[1].partition(" -- ")[0].split()  # after it comes another command
            options = [word.strip("[]") for word in own if word.startswith(("--", "[--"))]
            yield own, [option.partition("=")[0] for option in options]


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_has_the_options_that_pages_give_it(page: Path) -> None:
    every, unknown = make_parser(), []
    for words, options in commands(page):
        parser, told = every, words
        while told and (inner := _subparsers(parser)) and told[0] in inner:
            parser, told = inner[told[0]], told[1:]
        unknown += [
            f"{' '.join(words[:2])} {option}"
            for option in options
            if option not in parser._option_string_actions
        ]
    assert not unknown


def _subparsers(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    found = [one.choices for one in parser._actions if isinstance(one, _SubParsersAction)]
    return dict(found[0]) if found else {}


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_line_is_longer_than_a_screen(page: Path) -> None:
    # records and generated figures hold wide tables
    wide = page == FIGURES or page.parent == DECISIONS
    lines = enumerate(page.read_text().splitlines(), 1)
    too_long = [n for n, line in lines if len(line) > LONGEST and not (wide and line[0] == "|")]
    assert not too_long, f"lines {too_long} have over {LONGEST} characters"


def test_every_figure_is_in_figures_md() -> None:
    known = re.findall(r"\d+(?:\.\d+)?", FIGURES.read_text())
    unknown = {}
    for page in READ:
        if page == FIGURES or page.parent == DECISIONS:  # decisions are records of their day
            continue
        text = page.read_text()
        if page in CARDS:
            text = text.partition("## History")[0]
        missing = [one for one in figures(prose(text)) if not is_among(one, known)]
        if missing:
            unknown[str(page.relative_to(ROOT))] = missing
    assert not unknown, f"not in docs/figures.md: {unknown}"


def test_reading_ease_counts_words_of_prose_only() -> None:
    prose = run_path(str(ROOT / "scripts" / "readability"))["prose"]
    page = "# Title\n\nOne `code` word, 0.5 %.\n\n- **an item**\n- [a link](x.md)\n\n| a | b |\n"
    assert prose(page).split() == ["One", "word,", "%.", "an", "item.", "a", "link."]


def test_a_figure_is_told_from_a_setting() -> None:
    told = "0.91 of the real, in 93 % of 14 pieces, at 157 ms; 61 to 71 frames a second; r 0.7."
    assert figures(told) == ["0.91", "93", "157", "61", "71", "0.7"]
    assert not figures("25 frames a second of 512 x 512, 40 ms each, Python 3.11, gioconda 0.2.0")
    assert not figures(prose("drops what waited for `0.4 s`\n```\n0.5\n```\n"))


def test_a_figure_may_be_rounded() -> None:
    assert is_among("0.91", ["0.9134"])
    assert is_among("39", ["38.7"])
    assert not is_among("0.92", ["0.9134", "92"])


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_cards_have_one_shape(card: Path) -> None:
    if card.stem != "DATA":
        headings = re.findall(r"^## (.*)$", card.read_text(), re.M)
        assert headings == ["Figures", "Limits", "Data and licences", "Recipe", "History"]


def test_decisions_are_numbered_and_listed() -> None:
    index = (DECISIONS / "README.md").read_text()
    pages = sorted(DECISIONS.glob("0*.md"))
    for number, page in enumerate(pages, 1):
        assert page.name.startswith(f"{number:04}-")
        text = page.read_text()
        assert text.startswith(f"# {number}. ")
        assert f"]({page.name})" in index
        for heading in ("Context", "Decision", "Evidence", "Consequences"):
            assert f"\n## {heading}\n" in text
