"""Folders of models that are not the released ones, and commands that use them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from gioconda.inference import FILES, released_file
from gioconda.models import speech_features


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, where no model is in use yet."""
    code = "import sys; from gioconda.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def own_basis(folder: Path, name: str) -> None:
    """Another basis, of that name."""
    tensors = load_file(released_file(FILES["basis"]))
    tensors["dynamics"] = tensors["dynamics"] * np.float32(1.1)
    facts = {"name": name, "parts": "4,10,18", "noise": "0.004"}
    save_file(tensors, folder / "basis.safetensors", metadata=facts)


def own_features(folder: Path) -> None:
    """The released speech encoder, whose features bear another name."""
    file = released_file(FILES["speech"])
    name = speech_features(file).encode()
    (folder / file.name).write_bytes(file.read_bytes().replace(name, b"0" * len(name)))


def own_network(folder: Path, file: str, **facts: str) -> None:
    """A released ONNX file that states these facts; appending adds to what is in a message."""
    content = released_file(file).read_bytes()
    for pair in facts.items():
        entry = b"".join(
            bytes([key, len(text)]) + text.encode()
            for key, text in zip(b"\x0a\x12", pair, strict=True)
        )
        content += bytes([0x72, len(entry)]) + entry  # ModelProto.metadata_props
    (folder / file).write_bytes(content)
