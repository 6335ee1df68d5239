"""Every evaluation of the released models on one set, in a folder, one after the other.

What is done is kept with the fingerprint of what it depends on. A run that was stopped goes on, and
one of another state measures again what may have changed; either way the final result is what a run
from nothing would say.
"""

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from gioconda.errors import GiocondaError
from gioconda.evaluation.circumstances import circumstances, commit
from gioconda.evaluation.dependencies import fingerprint
from gioconda.evaluation.parts import PARTS, Subject
from gioconda.evaluation.results import Report, silent, to_json
from gioconda.media.files import whole_file
from gioconda.version import __version__

RESULT, RUN = "report.json", "run.json"
_ROOT: Final = Path(__file__).resolve().parents[3]


def run_everything(
    subject: Subject, only: Collection[str] = (), report: Report = silent
) -> dict[str, Any]:
    """Do what is left of the parts, and put all that is done together in `report.json`.

    Args:
        subject: what to judge.
        only: parts to do; all by default.
        report: called with parts done and parts in all.

    Returns:
        What is in `report.json`.

    Raises:
        GiocondaError: if the folder has a report on other data, or a part cannot be measured.
    """
    kept = subject.folder / "parts"
    kept.mkdir(parents=True, exist_ok=True)
    state = {"version": __version__, "commit": commit(), "judges": _judging()}
    data = subject.about()
    _begin(subject.folder / RUN, data)
    names = [name for name in PARTS if not only or name in only]
    for done, name in enumerate(names):
        report(done, len(names))
        if _kept(kept, name) is None:
            begun, worked = time.perf_counter(), time.process_time()
            found = to_json(PARTS[name](subject, silent))
            part = {"fingerprint": fingerprint(PARTS[name]), "found": found}
            _write_json(kept / f"{name}.json", part)
            seconds = time.perf_counter() - begun, time.process_time() - worked
            _note(subject.folder / RUN, name, *seconds)
    report(len(names), len(names))
    parts = {name: found for name in PARTS if (found := _kept(kept, name)) is not None}
    result = data | state | {"parts": parts}
    _write_json(subject.folder / RESULT, result)
    return result


def _kept(folder: Path, name: str) -> Any:
    """What was measured of a part in this state; None if it was not."""
    file = folder / f"{name}.json"
    part = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return part["found"] if part.get("fingerprint") == fingerprint(PARTS[name]) else None


def _judging() -> str:
    """Of the code that judges and its networks, 12 hex digits: figures of the same compare."""
    digest = hashlib.sha256()
    files = [*Path(__file__).parent.glob("*.py"), *(_ROOT / "assets").glob("*.onnx")]
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _begin(file: Path, data: Mapping[str, Any]) -> None:
    """Say what the folder is of, or see that it is of the same."""
    if not file.is_file():
        _write_json(file, {"data": data, "parts": {}})
        return
    before = json.loads(file.read_text("utf-8")).get("data", {})
    if differ := [key for key in data if before.get(key) != data[key]]:
        told = ", ".join(f"{key} {before.get(key)}, not {data[key]}" for key in differ)
        raise GiocondaError(f"{file.parent} has a report on other data ({told}); name another")


def _note(file: Path, part: str, seconds: float, worked: float) -> None:
    """Of which commit, when, on which machine, and how long: what differs between runs."""
    known = json.loads(file.read_text("utf-8"))
    known["parts"][part] = circumstances() | {
        "seconds": round(seconds, 1),
        "seconds of one core": round(worked, 1),
    }
    _write_json(file, known)


def _write_json(file: Path, content: Any) -> None:
    with whole_file(file, (".json",)) as partial_file:
        partial_file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
