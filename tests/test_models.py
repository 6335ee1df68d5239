"""The user's own models in place of the released ones: used, told of, refused in one line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gioconda
from gioconda.cli import main
from gioconda.errors import GiocondaError
from gioconda.inference import FILES, MODELS, fact, read_network, released_file, weights_file
from gioconda.models import use_models
from gioconda.motion import Motion
from gioconda.provenance import read_manifest
from gioconda.provenance.output import file_hash
from tests.own_models import own_basis, own_features, own_network, run


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def still(models: Path) -> Path:
    """A folder with a generator whose head does not move, of `gioconda train calibration`."""
    file = str(models / "generator.zip")
    released = str(released_file(FILES["generator"]))
    assert (
        main(["train", "calibration", released, "--set", "pose_scale=0,0,0,0,0,0", "-o", file]) == 0
    )
    return models


@pytest.fixture(scope="session")
def word(tmp_path_factory: pytest.TempPathFactory, voice: np.ndarray) -> Path:
    """A short voice."""
    from gioconda.media import SAMPLE_RATE, VideoWriter

    path = tmp_path_factory.mktemp("voice") / "word.mp4"
    with VideoWriter(path, 64, 64, voice[:SAMPLE_RATE]) as video:
        for _ in range(25):
            video.write(np.zeros((64, 64, 3), np.uint8))
    return path


@pytest.mark.parametrize("by_environment", [False, True])
def test_motion_is_made_by_the_own_generator(
    still: Path, word: Path, tmp_path: Path, by_environment: bool
) -> None:
    command = "motion", word, "-o", tmp_path / "m.npz"
    if by_environment:
        done = run(*command, GIOCONDA_MODELS=str(still))
    else:
        done = run(*command, "--models", still)
    assert done.returncode == 0, done.stderr
    assert not Motion.load(tmp_path / "m.npz").pose.any()


def test_a_video_says_which_models_are_the_users(
    still: Path, word: Path, photo_path: Path, tmp_path: Path
) -> None:
    video = tmp_path / "out.mp4"
    done = run("animate", photo_path, word, "-o", video, "--size", "128", "--models", still)
    assert done.returncode == 0, done.stderr
    hashes = read_manifest(video).output["hashes"]
    assert set(hashes) == {"portrait", "voice", "user's generator"}
    assert hashes["user's generator"] == file_hash(still / "generator.zip")


def test_python_code_and_its_children_use_them(still: Path) -> None:
    code = f"""
import subprocess, sys
import gioconda
gioconda.use_models({str(still)!r})
from gioconda.example import voice
from gioconda.generator import Generator
print(Generator().append(voice(1)).pose.any())
child = "from gioconda.inference import weights_file; print(weights_file('generator.zip'))"
sys.stdout.flush()
subprocess.run([sys.executable, "-c", child], check=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", str(still / "generator.zip")], done.stderr


def test_models_are_refused_when_others_are_in_use(still: Path) -> None:
    weights_file(FILES["generator"])
    with pytest.raises(GiocondaError, match="comes too late: other models are already in use"):
        gioconda.use_models(still)


def test_a_worker_without_the_folder_does_not_take_the_released_models(tmp_path: Path) -> None:
    code = "from gioconda.face.basis import released_basis; released_basis()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {MODELS: str(tmp_path / "gone")},
        capture_output=True,
        text=True,
    )
    assert "gone, which is not a folder on this machine" in done.stderr


def test_the_released_models_fit_together(models: Path) -> None:
    for name in FILES.values():
        shutil.copy(released_file(name), models)
    weights_file(FILES["basis"])
    with pytest.raises(GiocondaError, match="too late"):  # all else is well
        use_models(models)


def test_facts_are_read_from_a_networks_file(models: Path) -> None:
    own_network(models, "speech.onnx", basis="mine")
    network = read_network(models / "speech.onnx", "a speech encoder")
    assert fact(network, "basis") == "mine"
    assert fact(network, "speech") is None


# --- what cannot be used ---


def a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("models")


def junk(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(b"no model")


def copied(released: str, name: str) -> Callable[[Path], object]:
    return lambda folder: shutil.copy(released_file(released), folder / name)


WRONG: list[tuple[Callable[[Path], object], str]] = [
    (Path.rmdir, "FOLDER is not a folder of models (No such file or directory)"),
    (a_file, "FOLDER is not a folder of models (Not a directory)"),
    (lambda folder: None, "FOLDER has no model; expected basis.safetensors, speech.onnx, "),
    (junk("notes.txt"), "FOLDER has no model"),
    (junk("generator-2.zip"), "FOLDER holds generator-2.zip, which is not the name of a model"),
    (junk("basis.safetensors"), "FOLDER/basis.safetensors is not a basis of faces"),
    (junk("speech.onnx"), "FOLDER/speech.onnx is not a speech encoder: it cannot be read as ONNX"),
    (junk("generator.zip"), "FOLDER/generator.zip is not a generator"),
    (junk("renderer.zip"), "FOLDER/renderer.zip is not a model of the renderer"),
    (junk("regressor.onnx"), "FOLDER/regressor.onnx is not a regressor"),
    (junk("bank.safetensors"), "FOLDER/bank.safetensors is not a bank of motion"),
    (copied("bank.safetensors", "basis.safetensors"), "basis.safetensors is not a basis of faces"),
    (copied("regressor.onnx", "speech.onnx"), "speech.onnx is not a speech encoder: it has no "),
    (copied("speech.onnx", "regressor.onnx"), "regressor.onnx is not a regressor: it has no lower"),
    (
        copied("renderer.zip", "generator.zip"),
        "generator.zip does not have the calibration that a gen",
    ),
    (copied("generator.zip", "renderer.zip"), "renderer.zip is not a model of the renderer: enco"),
    (
        lambda folder: own_basis(folder, "mine"),
        "the released lips.onnx is for the basis gioconda-basis-2 and 18 numbers of it, but "
        "FOLDER/basis.safetensors is mine and has 18; train it with --models FOLDER and put "
        "lips.onnx there",
    ),
    (
        lambda folder: own_basis(folder, "gioconda-basis-2"),
        "has the name of the released basis, gioconda-basis-2, but is a different one",
    ),
    (
        own_features,
        "the released lips.onnx was trained on another speech encoder than "
        "FOLDER/speech.onnx; train it with --models FOLDER and put lips.onnx there",
    ),
    (
        lambda folder: own_network(folder, "regressor.onnx", basis="mine"),
        "FOLDER/regressor.onnx is for the basis mine and 18 numbers of it, but the released "
        "basis.safetensors is gioconda-basis-2 and has 18; train it with --models FOLDER, or "
        "remove it",
    ),
]


@pytest.mark.parametrize(("make", "says"), WRONG)
def test_what_cannot_be_used_is_told_in_one_line(
    make: Callable[[Path], object],
    says: str,
    models: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(models)
    assert main(["bench", "generator", "--models", str(models)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert says.replace("FOLDER", str(models)) in lines[0]


def test_a_command_asks_only_for_what_it_uses(models: Path, word: Path, tmp_path: Path) -> None:
    own_basis(models, "mine")
    done = run("track", word, "-o", tmp_path / "m.npz", "--models", models)
    assert "no face" in done.stderr  # the basis alone will do
    done = run("motion", word, "-o", tmp_path / "m.npz", "--models", models)
    assert "the released lips.onnx is for the basis gioconda-basis-2" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    report = "evaluate", "all", tmp_path, "-o", tmp_path / "report"
    for done in (run(*report, "--models", models), run(*report, GIOCONDA_MODELS=str(models))):
        assert "the released lips.onnx is for the basis gioconda-basis-2" in done.stderr


def test_a_renderer_that_is_told_other_maps_is_refused(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copied("renderer.zip", "renderer.zip")(models)
    monkeypatch.setattr("gioconda.renderer.networks.MASKS", 8)
    assert main(["bench", "decoder", "--models", str(models)]) == 2
    assert (
        "renderer.zip is told 4 maps of a face, not 8; train it with this"
        in capsys.readouterr().err
    )
