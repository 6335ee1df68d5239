"""Of which state, when and on which machine something is measured."""

import platform
import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from gioconda.machine import cores

_ROOT: Final = Path(__file__).resolve().parents[3]
_JUDGING: Final = ("src/gioconda/evaluation", "src/gioconda/cli")


def circumstances() -> dict[str, str]:
    """Commit, date and machine, as figures are given with."""
    return {
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {cores()} core{'s' if cores() > 1 else ''}",
    }


def commit() -> str:
    """Of the checkout that this package is in; empty where it is in none.

    Judges may be laid over the package of another commit (`scripts/evaluate-release`), so they are
    no change of what is judged.
    """
    ask = partial(subprocess.run, cwd=_ROOT, capture_output=True, text=True, check=False)
    where = ["--", "src", *(f":!{folder}" for folder in _JUDGING)]
    try:
        state = ask(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
        changed = ask(["git", "status", "--porcelain", "--untracked-files=no", *where]).stdout
    except OSError:
        return ""
    return f"{state}, with changes" if changed.strip() and state else state


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
