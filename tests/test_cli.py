"""The command line as a user meets it: exit status, messages, what is imported."""

import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import pytest

from gioconda import cli
from gioconda.cli.progress import progress_bar
from gioconda.errors import GiocondaError

AddCommand = Callable[[str, Callable[[Namespace], int]], None]


@pytest.fixture
def add_command(monkeypatch: pytest.MonkeyPatch) -> AddCommand:
    """Adds a command as its author would: a module in the package, a name in COMMANDS."""

    def add(name: str, run: Callable[[Namespace], int]) -> None:
        module = ModuleType(f"gioconda.cli.{name}")

        def add_parser(subparsers: cli.Subparsers) -> None:
            parser = subparsers.add_parser(name, help=f"what {name} does")
            parser.add_argument("--seed", type=int, default=0)

        module.add_parser = add_parser  # type: ignore[attr-defined]
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(cli, "COMMANDS", (*cli.COMMANDS, name))

    return add


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_keeps_the_loaders_contract(name: str) -> None:
    module = import_module(f"gioconda.cli.{name}")
    assert callable(module.run)
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0


def test_a_command_gets_its_arguments_and_gives_the_status(add_command: AddCommand) -> None:
    seeds = []

    def run(args: Namespace) -> int:
        seeds.append(args.seed)
        return 7

    add_command("paint", run)
    assert cli.main(["paint", "--seed", "3"]) == 7
    assert seeds == [3]


def test_help_lists_every_command(
    add_command: AddCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    add_command("paint", lambda args: 0)
    add_command("frame", lambda args: 0)
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert "what paint does" in shown
    assert "what frame does" in shown


def test_bad_input_is_one_line_on_stderr_and_status_2(
    add_command: AddCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: Namespace) -> int:
        raise GiocondaError("no face in cat.jpg; give a photo of one person")

    add_command("paint", run)
    assert cli.main(["paint"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "gioconda: error: no face in cat.jpg; give a photo of one person\n"


def test_an_interruption_is_one_line_on_stderr_and_status_2(
    add_command: AddCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: Namespace) -> int:
        raise KeyboardInterrupt

    add_command("paint", run)
    assert cli.main(["paint"]) == 2
    assert capsys.readouterr().err == "gioconda: interrupted; no output was written\n"


def test_a_bug_is_not_hidden(add_command: AddCommand) -> None:
    def run(args: Namespace) -> int:
        raise ZeroDivisionError

    add_command("paint", run)
    with pytest.raises(ZeroDivisionError):
        cli.main(["paint"])


@pytest.mark.parametrize("argv", [[], ["sculpt"], ["paint", "--seed", "x"], ["paint", "more"]])
def test_wrong_arguments_give_status_2(
    argv: list[str], add_command: AddCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    add_command("paint", lambda args: 0)
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2
    assert "gioconda" in capsys.readouterr().err


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    script = (
        "import sys, types\n"
        "from gioconda import cli\n"
        "module = types.ModuleType('gioconda.cli.paint')\n"
        "module.add_parser = lambda subparsers: subparsers.add_parser('paint')\n"
        "module.run = lambda args: print('x' * 1_000_000) or 0\n"
        "sys.modules[module.__name__] = module\n"
        "cli.COMMANDS = ('paint',)\n"
        "sys.exit(cli.main(['paint']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_the_installed_program_prints_its_version() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from gioconda.cli import main; main(['--version'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("gioconda 0.")


def test_help_does_not_load_heavy_packages() -> None:
    script = (
        "import sys\n"
        "from gioconda.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'numba', 'cv2', 'openvino', 'av', 'torch', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_progress_bar_is_silent_where_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    with progress_bar("frames") as report:
        report(1, 2)
        report(2, 2)
    assert capsys.readouterr() == ("", "")
