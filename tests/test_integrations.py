"""The packages in integrations/: their own tests, with the framework where it is installed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "integrations"
FRAMEWORKS = {"pipecat-gioconda": "pipecat", "livekit-plugins-gioconda": "livekit.agents"}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_package_has_what_its_framework_asks_for(name):
    folder = FOLDER / name
    assert re.search("[Tt]ested( it)? with", (folder / "README.md").read_text())
    assert "## 0.1.0" in (folder / "CHANGELOG.md").read_text()
    assert "Apache License" in (folder / "LICENSE").read_text()
    assert (folder / "examples" / "agent.py").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_package_works_with_its_framework(name):
    pytest.importorskip(FRAMEWORKS[name], reason=f"{FRAMEWORKS[name]} is not installed")
    folder = FOLDER / name
    path = os.pathsep.join([str(folder / "src"), str(folder), *sys.path])
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "", "tests"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout
