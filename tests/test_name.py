"""The distribution is gioconda-portrait: "gioconda" on the package index is another project."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (".ci", "benchmarks", "docs", "examples", "integrations", "scripts", "src", "tests")
ENDINGS = {"", ".html", ".ipynb", ".js", ".md", ".py", ".sh", ".toml", ".yml"}
# An extra of "gioconda", or "gioconda" as what pip, pipx or uv is to install.
WRONG = re.compile(
    r"""(?<![\w-])gioconda\[[a-z{]|\b(?:pip|pipx|uv|uvx) [^&|;#]*?["' ]gioconda(?![\w/-])"""
)


def test_the_distribution_has_a_name_of_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "gioconda-portrait"
    assert project["scripts"] == {"gioconda": "gioconda.cli:main"}


def test_nothing_tells_users_to_install_the_other_project():
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    files += [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "pyproject.toml"]
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        if path.is_file() and path.suffix in ENDINGS
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if WRONG.search(line)
    ]
    assert not wrong


def test_the_pattern_knows_right_from_wrong():
    name = "gioconda"  # in parts, so that this file passes itself
    for wrong in (f"pip install {name}", f"'{name}[live]'", f"uv pip install -U '{name}'"):
        assert WRONG.search(wrong)
    for right in (f"pip install {name}-portrait", f"'{name}-portrait[live]'", f"import {name}"):
        assert not WRONG.search(right)
    assert not WRONG.search(f"pip install . && {name} serve")
