"""gioconda completion: what a shell offers when Tab is pressed, asked of the shells themselves."""

import argparse
import io
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gioconda import cli

pytest.importorskip("shtab", reason="shtab is not installed")

# Each prints what it would offer for the last of the words after it.
_ASK = {
    "bash": """source ./script
offer() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    "$(complete -p gioconda | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
    printf '%s\\n' "${COMPREPLY[@]}"
}
offer """,
    "fish": "source ./script; complete --do-complete ",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture and a folder in it."""
    (tmp_path / "face.jpg").touch()
    (tmp_path / "own-models").mkdir()
    return tmp_path


def offered(shell: str, line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert cli.main(["completion", shell]) == 0
    (folder / "script").write_text(capsys.readouterr().out)
    words = f"'{line}'" if shell == "fish" else line + ('""' if line.endswith(" ") else "")
    command = [shell, "--no-config" if shell == "fish" else "--norc", "-c", _ASK[shell] + words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert not done.stderr
    (folder / "script").unlink()
    return {text.split("\t")[0].rstrip("/") for text in done.stdout.splitlines()}


@pytest.mark.parametrize("shell", _ASK)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gioconda s", {"say", "serve"}),
        ("gioconda train rend", {"renderer"}),
        ("gioconda completion ", {"bash", "zsh", "fish"}),
        ("gioconda animate --work", {"--workers"}),
        ("gioconda animate --format ", {"mp4", "webm", "mov", "gif", "webp", "png"}),
    ],
)
def test_commands_options_and_choices_are_offered(shell, line, expected, folder, capsys):
    assert offered(shell, line, folder, capsys) == expected


@pytest.mark.parametrize("shell", _ASK)
@pytest.mark.parametrize("line", ["gioconda say ", "gioconda say face.jpg TEXT --output "])
def test_files_are_offered(shell, line, folder, capsys):
    assert "face.jpg" in offered(shell, line, folder, capsys)


@pytest.mark.parametrize("shell", _ASK)
def test_folders_are_offered_where_a_folder_is_meant(shell, folder, capsys):
    assert offered(shell, "gioconda animate --models ", folder, capsys) == {"own-models"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gioconda train rend", "renderer"),
        ("gioconda animate --format ", "webp"),
        ("gioconda say ", "face.jpg"),
        ("gioconda animate --models ", "own-models"),
    ],
)
def test_zsh_offers_them_too(line, expected, folder, capsys):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    assert cli.main(["completion", "zsh"]) == 0
    (folder / "functions").mkdir()
    (folder / "functions" / "_gioconda").write_text(capsys.readouterr().out)
    process, terminal = pty.fork()  # it completes in a terminal only
    if process == 0:
        os.chdir(folder)
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb"})
    with open(terminal, "r+b", buffering=0) as shell:
        setting = "fpath=(functions $fpath); autoload -U compinit; compinit -u -D; "
        shell.write(setting.encode() + b"bindkey '^X' list-choices; print rea''dy\n")
        assert b"ready\r" in read_until(b"ready\r", shell)
        shell.write(line.encode() + b"\x18")
        assert expected.encode() in read_until(expected.encode(), shell)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def read_until(text: bytes, shell: io.FileIO, seconds: float = 60.0) -> bytes:
    """What the shell writes, up to this text or for so long."""
    found, end = b"", time.monotonic() + seconds
    while text not in found and time.monotonic() < end:
        if select.select([shell], [], [], 0.1)[0]:
            found += shell.read(4096)
    return found


def test_every_help_can_be_printed():
    def check(parser: argparse.ArgumentParser) -> int:
        assert parser.format_help()
        below = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        return 1 + sum(check(one) for each in below for one in each.values())

    assert check(cli.make_parser()) > len(cli.COMMANDS)
