"""A tiny head: a board for the face, jaws behind it, and two balls for eyes."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gioconda.data.heads import Head, read_head

SIDE = 64
GREY, WHITE, RED = (120, 120, 120), (230, 225, 200), (150, 60, 60)


def board(left, top, right, bottom, z):
    """Two triangles that face the camera."""
    corners = [(left, top, z), (right, top, z), (left, bottom, z), (right, bottom, z)]
    return np.array(corners, np.float32), np.array([[0, 1, 2], [1, 3, 2]], np.uint16)


def ball(x):
    """An octahedron about (x, 0, 0.1)."""
    points = np.concatenate([np.eye(3), -np.eye(3)]) * 0.2 + [x, 0, 0.1]
    faces = [
        (a, b, c) if np.cross(p[b] - p[a], p[c] - p[a]) @ (p[a] + p[b] + p[c]) < 0 else (a, c, b)
        for p in [points - [x, 0, 0.1]]
        for a in (0, 3)
        for b in (1, 4)
        for c in (2, 5)
    ]
    return points.astype(np.float32), np.array(faces, np.uint16)


def write_head(path: Path) -> Path:
    arrays: dict[str, Any] = {}
    texture = np.full((SIDE, SIDE, 3), GREY, np.uint8)
    texture[:, : SIDE // 3, 0] = 200  # the left third of the skin is redder
    texture[60:62, 16:33], texture[62:64, 16:33] = WHITE, RED  # teeth of the upper jaw over gum
    packed = BytesIO()
    Image.fromarray(texture).save(packed, "WEBP", lossless=True)
    arrays["texture_0_webp"] = np.frombuffer(packed.getvalue(), np.uint8)
    meshes = {
        "skin": board(-1, -1, 1, 4, 0.0),
        "left_eye": ball(0.5),
        "right_eye": ball(-0.5),
        "lower_jaw": board(-0.3, 1.2, 0.3, 1.4, 0.3),
        "upper_jaw": board(-0.3, 0.8, 0.3, 1.2, -0.1),
    }
    arrays["parts"] = np.array(list(meshes))
    for name, (vertices, triangles) in meshes.items():
        arrays[f"{name}_vertices"], arrays[f"{name}_triangles"] = vertices, triangles
        uv = np.full((len(vertices), 2), 0.4, np.float16)
        if name == "skin":
            uv = np.array([(0, 0), (0.64, 0), (0, 0.53), (0.64, 0.53)], np.float16)
        if name == "upper_jaw":
            uv = np.array([(0.26, 0.95), (0.5, 0.95), (0.26, 0.99), (0.5, 0.99)], np.float16)
        arrays[f"{name}_uv"] = uv
        arrays[f"{name}_texture"] = np.array(0)
        arrays[f"{name}_morphs"] = np.array([])
    morphs = {"skin": ["AO_a_h", "MPB_Up_h", "MPB_Down_h", "ReyeClose_h", "LeyeClose_h"]}
    morphs["lower_jaw"] = ["t_AO_a_h", "t_MPB_h", "Up_tg_h"]
    for part, names in morphs.items():
        arrays[f"{part}_morphs"] = np.array(names)
        for morph in names:
            arrays[f"{part}_morph_{morph}_at"] = np.array([2, 3])
            arrays[f"{part}_morph_{morph}"] = np.array([[0, 0.5, 0]] * 2, np.float16)
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="session")
def head_file(tmp_path_factory) -> Path:
    return write_head(tmp_path_factory.mktemp("heads") / "Tiny_F_1.npz")


@pytest.fixture(scope="session")
def head(head_file) -> Head:
    return read_head(head_file)
