"""A hook of mkdocs: files of the repository that pages link to are pages, too, and commands' help.

Pages link to cards, examples and licences by their place in the repository, so that the links work
there. The site puts such files under the same path.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from gioconda import cli

_ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)")
_DOCS = "docs/"


def on_config(config: MkDocsConfig) -> None:
    """Every decision is in the navigation."""
    pages = sorted(Path(config.docs_dir, "decisions").glob("0*.md"))
    for entry in config.nav or []:
        if "Decisions" in entry:
            entry["Decisions"] += [f"decisions/{page.name}" for page in pages]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to, and what that links to."""
    waiting = [_DOCS + file.src_uri for file in files.documentation_pages()]
    while waiting:
        page = waiting.pop()
        for target in _targets(page, (_ROOT / page).read_text()):
            uri = _uri(target)
            if files.get_file_from_path(uri) or not (_ROOT / target).is_file():
                continue
            files.append(File.generated(config, uri, abs_src_path=str(_ROOT / target)))
            if uri.endswith(".md"):
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links by their place in the repository become links by their place on the site."""
    here = page.file.src_uri
    source = here if page.file.generated_by else _DOCS + here

    def moved(link: re.Match[str]) -> str:
        target = _resolved(source, link[2])
        if target is None:
            return link[0]
        return link[1] + os.path.relpath(_uri(target), os.path.dirname(here))

    return _LINK.sub(moved, markdown).replace("<!-- commands -->", "\n".join(_commands()))


def _targets(page: str, text: str) -> Iterator[str]:
    for link in _LINK.finditer(text):
        if target := _resolved(page, link[2]):
            yield target


def _resolved(page: str, link: str) -> str | None:
    """The file of the repository that a page's link means; None for another site's.

    Of a folder that is its README.
    """
    if urlsplit(link).scheme or link.startswith("<"):
        return None
    target = os.path.normpath(PurePosixPath(page).parent / link)
    return os.path.join(target, "README.md") if (_ROOT / target).is_dir() else target


def _uri(path: str) -> str:
    """Where a file of the repository is on the site."""
    return path.removeprefix(_DOCS)


def _commands() -> Iterator[str]:
    """The help of every command, as it is printed in a window of 96 columns."""
    os.environ["COLUMNS"] = "96"
    yield from _help("gioconda")
    for command in cli.COMMANDS:
        yield from _help("gioconda", command)


def _help(*words: str) -> Iterator[str]:
    printed = io.StringIO()
    with redirect_stdout(printed), suppress(SystemExit):
        cli.main([*words[1:], "--help"])
    text = printed.getvalue().replace(str(Path.home()), "~")
    yield from ("", f"## {' '.join(words)}", "", "```text", text.rstrip(), "```")
