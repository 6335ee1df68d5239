"""What the recipes write is used by the commands, and says what it belongs to."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.shards import flac
from gioconda.inference import FILES, fact, read_network, read_networks, released_file
from gioconda.models import speech_features
from gioconda.motion import Motion
from gioconda.portrait import Portrait
from gioconda.speech import MELS, SPECTRA
from tests.own_models import own_basis, run
from tests.prepared import write_set

pytest.importorskip("torch")

import torch

from gioconda.training.export import to_onnx

QUICK = "--minutes", "0.02"
SMALL = "--width", "32", "--layers", "2", "--heads", "2"


@pytest.fixture(scope="module")
def clips(
    tmp_path_factory: pytest.TempPathFactory, portrait: Portrait, voice: NDArray[np.float32]
) -> tuple[str | Path, ...]:
    folder = tmp_path_factory.mktemp("set")
    return write_set(folder / "set", portrait, voice), "--cache", folder / "cache"


@pytest.fixture(scope="module")
def word(tmp_path_factory: pytest.TempPathFactory, voice: NDArray[np.float32]) -> Path:
    file = tmp_path_factory.mktemp("voice") / "word.flac"
    file.write_bytes(flac(voice[:16000]))
    return file


def trained(*command: str | Path) -> None:
    done = run("train", *command)
    assert done.returncode == 0, done.stderr


def test_a_generator_that_was_trained_makes_the_motion(
    clips: tuple[str | Path, ...], word: Path, tmp_path: Path
) -> None:
    models, motion = tmp_path / "mine", tmp_path / "m.npz"
    models.mkdir()
    file, state = models / "generator.zip", tmp_path / "state.pt"
    trained("generator", *clips, "--checkpoint", state, *QUICK, *SMALL, "-o", file)
    first, again = read_networks(file, "a generator", "first.onnx", "again.onnx")
    for network in first, again:
        assert fact(network, "basis") == "gioconda-basis-2"
        assert fact(network, "speech") == speech_features(released_file(FILES["speech"]))
    assert first.input("inner").shape[-1] == 32
    done = run("motion", word, "-o", motion, "--models", models)
    assert done.returncode == 0, done.stderr
    assert np.isfinite(Motion.load(motion).dynamics).all()


def test_a_regressor_for_another_basis_is_used_with_it_only(
    clips: tuple[str | Path, ...], tmp_path: Path
) -> None:
    models, others = tmp_path / "mine", tmp_path / "others"
    for folder in models, others:
        folder.mkdir()
    own_basis(models, "mine")
    file, state = models / FILES["regressor"], tmp_path / "state.pt"
    trained("regressor", *clips, "--checkpoint", state, *QUICK, "-o", file, "--models", models)
    assert fact(read_network(file, "a regressor"), "basis") == "mine"
    file.rename(others / file.name)
    done = run("evaluate", "speech", *clips, "--models", others)
    assert f"{others / file.name} is for the basis mine and 18 numbers of it" in done.stderr
    assert len(done.stderr.splitlines()) == 1


class Deaf(torch.nn.Module):
    """A speech encoder of other features."""

    def forward(self, mel: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, ...]:
        frames = mel.flatten(1)
        return frames[:, :64], *frames[:, :4].unbind(1), state + 0


def test_an_encoder_of_other_features_is_refused(word: Path, tmp_path: Path) -> None:
    outputs = ["features", "voice", "closing", "touching", "shift", "next"]
    inputs = torch.zeros(1, SPECTRA, MELS), torch.zeros(10)
    content = to_onnx(Deaf(), inputs, ["mel", "state"], outputs)
    models = tmp_path / "mine"
    models.mkdir()
    (models / "speech.onnx").write_bytes(content)
    done = run("motion", word, "-o", tmp_path / "m.npz", "--models", models)
    assert done.stderr == (
        "gioconda: error: the released lips.onnx takes 256 speech features, but "
        f"{models}/speech.onnx gives 64; train it with --models {models} and put lips.onnx "
        "there\n"
    )
