"""What a measurement depends on: the code that it names, directly or not, and its weights.

Two runs of one function with the same `fingerprint` on the same input give the same figures, so
what one found need not be measured again.
"""

import ast
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from textwrap import dedent
from types import ModuleType
from typing import Any, Final

from gioconda.inference import released_file, weights_file

_PACKAGE: Final = "gioconda"
_SOURCES: Final = Path(__file__).resolve().parents[2]
_ASSETS: Final = _SOURCES.parent / "assets"  # models that only measure
_NETWORKS: Final = {".safetensors", ".onnx", ".zip"}
_FACES: Final = ".tflite"  # MediaPipe's, named without it
_STATE: Final = "state.txt"
_LISTS: Final = f"{_PACKAGE}.inference"  # names all weights, whoever uses them


def fingerprint(what: Callable[..., Any] | ModuleType) -> str:
    """Of a module, or of a function that imports in its body what it needs; 16 hex digits.

    It stands for the text of the module, the modules that are imported, all that these import in
    turn, and the files of weights that any of them names.
    """
    own = str(inspect.getsourcefile(what))
    modules = _closure(_imports(dedent(inspect.getsource(what))))
    digest = hashlib.sha256(_digest(Path(own)).encode())
    for name in sorted(modules):
        digest.update(f"{name} {_digest(modules[name])}".encode())
    code = "".join(file.read_text("utf-8") for name, file in modules.items() if name != _LISTS)
    for name, file in _weights():
        if name in code:
            digest.update(f"{name} {_digest(file)}".encode())
    return digest.hexdigest()[:16]


def emptied(folder: Path, state: str) -> Path:
    """The folder, made if it is not there, without what was put into it in another state.

    Args:
        folder: of files that are kept from one run to the next.
        state: the fingerprint of what makes them.
    """
    mark = folder / _STATE
    if not (mark.is_file() and mark.read_text("utf-8") == state):
        rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(state, "utf-8")
    return folder


def _imports(text: str) -> Iterator[str]:
    """Modules of the package that a text names; also what may be but a name in one."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _PACKAGE:
            if node.module != _PACKAGE:  # which names modules, and needs none of them itself
                yield str(node.module)
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _closure(names: Iterator[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        file = _source(name)
        if file and name not in found:
            found[name] = file
            waiting += _imported(file)
    return found


@functools.cache
def _imported(file: Path) -> list[str]:
    return list(_imports(file.read_text("utf-8")))


def _source(module: str) -> Path | None:
    place = _SOURCES.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _weights() -> Iterator[tuple[str, Path]]:
    """All there are, by the name that code gives them."""
    released = released_file("")
    for file in sorted(released.rglob("*")):
        if file.suffix in _NETWORKS:
            yield file.name, weights_file(file.relative_to(released).as_posix())
        elif file.suffix == _FACES:
            yield file.stem, file
    for file in sorted(_ASSETS.glob("*.onnx")):
        yield file.name, file


@functools.cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
