"""Every function of the package can be taken in at a glance."""

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
LONGEST = 59  # lines; ruff limits the complexity


def test_no_function_is_longer_than_a_screen():
    too_long = {
        f"{path.relative_to(SOURCES)}:{node.name}": lines
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST
    }
    assert not too_long
