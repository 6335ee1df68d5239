"""The Hugging Face Space and the notebook, as a visitor uses them."""

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gioconda.cli import make_parser
from gioconda.example import PHOTO
from gioconda.version import __version__

ROOT = Path(__file__).parents[1]
SPACE = ROOT / "integrations" / "space"
NOTEBOOK = ROOT / "examples" / "gioconda.ipynb"

# Starts the Space, and prints an answer of its only endpoint, or the error that a visitor sees.
_VISIT = """
import sys
sys.path.insert(0, ".")
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
import app
_, url, _ = app.page.queue().launch(prevent_thread_lock=True, quiet=True)
visitor = Client(url, verbose=False)
picture = handle_file(sys.argv[1])
for voice, text, agreed in (
    (None, "Hello.", False), (None, "a" * 500, True), (picture, "", True), (None, "Hello.", True)
):
    try:
        answer = visitor.predict(
            photo=picture, voice=voice, text=text, emotion="happy", agreed=agreed,
            api_name="/speak",
        )
        video = answer["video"] if isinstance(answer, dict) else answer
        print(video)
    except AppError as error:
        print(error)
"""


def cells(kind):
    return ["".join(c["source"]) for c in notebook()["cells"] if c["cell_type"] == kind]


def notebook():
    return json.loads(NOTEBOOK.read_text())


@pytest.mark.slow
def test_a_visitor_of_the_space_gets_a_video_that_says_it_was_made(tmp_path):
    pytest.importorskip("gradio", reason="gradio is not installed")
    command = [sys.executable, "-c", _VISIT, str(PHOTO.with_name("mona-lisa.jpg"))]
    done = subprocess.run(command, cwd=SPACE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused, too_long, no_voice, video = done.stdout.splitlines()[-4:]
    assert "Please confirm" in refused
    assert "400 characters at most" in too_long
    assert no_voice.startswith("mona-lisa.jpg cannot be read as sound")
    check = [sys.executable, "-c", "import sys; from gioconda.cli import main; sys.exit(main())"]
    found = subprocess.run([*check, "verify", video, "--json"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "A visitor stated" in found.stdout


def test_the_space_names_what_it_needs():
    head = (SPACE / "README.md").read_text().split("---")[1]
    front = dict(line.split(": ", 1) for line in head.strip().splitlines())
    assert (front["sdk"], front["app_file"]) == ("gradio", "app.py")
    assert (SPACE / front["app_file"]).is_file()
    needed = (SPACE / "requirements.txt").read_text().strip()
    assert needed == f"gioconda-portrait>={__version__.rsplit('.', 1)[0]}"


def test_the_notebook_is_clean_and_its_code_can_be_read():
    for cell in notebook()["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    for code in cells("code"):
        ast.parse(re.sub(r"(?m)^[!%].*$", "pass", code))


def test_the_commands_in_the_notebook_exist():
    commands = re.findall(r"(?m)^!(?:TERM=dumb )?gioconda (.*)$", "\n".join(cells("code")))
    assert len(commands) == 2
    for command in commands:
        make_parser().parse_args(shlex.split(command))


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom(tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    book = nbformat.reads(NOTEBOOK.read_text(), 4)
    nbformat.validate(book)
    book.cells = [cell for cell in book.cells if not cell.source.startswith("%pip")]
    place = {"metadata": {"path": str(tmp_path)}}
    done = nbclient.NotebookClient(book, timeout=600, resources=place).execute()
    kinds = [set(out.get("data", ())) for cell in done.cells for out in cell.get("outputs", ())]
    assert sum("image/png" in each for each in kinds) == 1
    assert sum("text/html" in each for each in kinds) == 2
    assert (tmp_path / "dials.mp4").is_file()
