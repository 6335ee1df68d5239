"""Recipe: learn the linear basis of faces from tracked clips.

1. Bring every mesh into the head frame, by person, against the person's own average.
2. A person's neutral face is the mean of the frames with shut lips and open eyes.
3. Identity: principal components of the neutral faces of people.
4. Dynamics: principal components of what moves, for irises, upper and lower face apart.

`gioconda train basis DATA --wheel mediapipe-0.10.21-....whl -o basis.safetensors`
"""

import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from gioconda.data.clips import Clip
from gioconda.face import measure, topology
from gioconda.face.basis import point_weights
from gioconda.face.pose import angles, fit_pose, rotation
from gioconda.training.steps import Report, reported, silent

_CONNECTIONS = "mediapipe/python/solutions/face_mesh_connections.py"


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        name: the basis' name, kept in every motion file.
        parts: numbers of coordinates for gaze, upper face, lower face.
        identities: number of coordinates of identity.
        frames: meshes of a clip.
        least: meshes of a person, or the person is left out.
        shut: opening of the lips up to which a face is neutral, in inter-ocular distances.
        open: opening of the lids from which a face is neutral, of the person's widest.
        folds: of the people, to measure what identities leave unexplained.
    """

    name: str = "gioconda-basis-2"
    parts: tuple[int, int, int] = (4, 10, 18)
    identities: int = 24
    frames: int = 24
    least: int = 24
    shut: float = 0.02
    open: float = 0.6
    folds: int = 5


def train_basis(
    clips: list[Clip],
    wheel: Path,
    recipe: Recipe,
    output: Path,
    report: Report = silent,
) -> dict[str, float]:
    """Learn a basis and write it.

    Args:
        clips: training clips; their tracks are made where they are not kept yet.
        wheel: the mediapipe wheel, whose table of edges gives the triangles.
        recipe: what can be set.
        output: the .safetensors file.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Counts of what it learned from.
    """
    people = _meshes_by_person(clips, recipe, report)
    neutrals, moving, used = _neutral_and_moving(people, recipe)
    mean = neutrals.mean(0)
    weight = np.sqrt(point_weights())
    identity = _components(neutrals - mean, weight, recipe.identities)
    leftover = _unexplained(neutrals, weight, recipe)
    region = regions(mean)
    dynamics = [_components(moving * region[i], weight, n) for i, n in enumerate(recipe.parts)]
    save_file(
        {
            "mean": mean.astype(np.float32),
            "identity": identity.astype(np.float32),
            "dynamics": np.concatenate(dynamics).astype(np.float32),
            "triangles": _triangles(wheel),
        },
        output,
        metadata={
            "name": recipe.name,
            "parts": ",".join(map(str, recipe.parts)),
            "noise": f"{leftover:.6f}",
        },
    )
    return {"people": len(used), "frames": len(moving)}


def _meshes_by_person(
    clips: list[Clip], recipe: Recipe, report: Report
) -> dict[str, NDArray[np.float32]]:
    """Some meshes of each clip, together by person."""
    people = defaultdict(list)
    for clip in reported(clips, "reading clips", report):
        track = clip.track()
        seen = np.flatnonzero(track.seen)
        step = max(1, len(seen) // recipe.frames)
        people[clip.person].append(track.points[seen[::step]])
    return {
        person: np.concatenate(meshes)
        for person, meshes in people.items()
        if sum(map(len, meshes)) >= recipe.least
    }


def _neutral_and_moving(
    people: dict[str, NDArray[np.float32]], recipe: Recipe
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Neutral faces (P, 478, 3) and all displacements from them (N, 478, 3), in the head frame."""
    neutrals = {person: points[0].astype(np.float64) for person, points in people.items()}
    average = _unit(next(iter(neutrals.values())))
    used: list[str] = []
    moving: list[NDArray[np.float64]] = []
    for step in range(4):
        used, moving = [], []
        for person, points in people.items():
            face = average if step == 0 else neutrals[person]
            heads = fit_pose(points, face).to_head(points)
            lids = measure.lid_opening(heads).mean(1)
            still = measure.mouth_opening(heads) < recipe.shut
            still &= lids > recipe.open * np.quantile(lids, 0.95)
            if still.sum() < 4:
                continue
            neutrals[person] = _unit(heads[still].mean(0))
            used.append(person)
            moving.append(heads - neutrals[person])
        average = _level(_unit(np.mean([neutrals[person] for person in used], axis=0)), people)
        for person in used:
            face = neutrals[person][None]
            neutrals[person] = _unit(fit_pose(face, average).to_head(face)[0])
    return np.stack([neutrals[person] for person in used]), np.concatenate(moving), used


def _unit(face: NDArray[np.float64]) -> NDArray[np.float64]:
    """A face with the head frame's origin and unit."""
    right, left = face[topology.RIGHT_EYE_OUTER], face[topology.LEFT_EYE_OUTER]
    moved: NDArray[np.float64] = (face - (right + left) / 2) / np.linalg.norm(left - right)
    return moved


def _level(
    average: NDArray[np.float64], people: dict[str, NDArray[np.float32]]
) -> NDArray[np.float64]:
    """Turn the average so that left mirrors right and people, in the median, look ahead."""
    across = average[topology.LEFT_EYE_OUTER] - average[topology.RIGHT_EYE_OUTER]
    down = average[topology.CHIN] - average[topology.FOREHEAD]
    x = across / np.linalg.norm(across)
    down -= x * (down @ x)
    y = down / np.linalg.norm(down)
    level = average @ np.stack([x, y, np.cross(x, y)]).T
    pitches = [angles(fit_pose(points, level).rotation)[:, 1].mean() for points in people.values()]
    return level @ rotation(0, float(np.median(pitches)), 0).T


def _components(
    faces: NDArray[np.float64], weight: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """The first principal directions (count, 478, 3) of weighted faces, each of mean square 1."""
    flat = (faces * weight).reshape(len(faces), -1)
    values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
    chosen = vectors[:, ::-1][:, :count].T.reshape(count, *faces.shape[1:])
    scale = np.sqrt(values[::-1][:count]).reshape(-1, 1, 1)
    safe = np.where(weight > 0, weight, 1)
    # safetensors writes the memory as it lies, so it has to lie in the array's own order
    return np.ascontiguousarray(chosen * scale / safe)


def _unexplained(
    neutrals: NDArray[np.float64], weight: NDArray[np.float64], recipe: Recipe
) -> float:
    """Standard deviation of a point that identities leave unexplained on people not seen."""
    left = []
    for fold in range(recipe.folds):
        held = np.arange(len(neutrals)) % recipe.folds == fold
        mean = neutrals[~held].mean(0)
        directions = _components(neutrals[~held] - mean, weight, recipe.identities)
        flat = (directions * weight).reshape(recipe.identities, -1)
        faces = ((neutrals[held] - mean) * weight).reshape(held.sum(), -1)
        rest = (faces - faces @ np.linalg.pinv(flat) @ flat).reshape(-1, *mean.shape)
        left.append((rest / np.where(weight > 0, weight, 1))[..., :2])
    return float(np.concatenate(left).std())


def regions(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each point belongs to gaze, upper and lower face, (3, 478, 1); sums to 1."""
    height = mean[:, 1]
    eyes, mouth = 0.25, 0.55  # in inter-ocular distances under the corners of the eyes
    lower = np.clip((height - eyes) / (mouth - eyes), 0, 1)
    lower = lower * lower * (3 - 2 * lower)
    iris = np.zeros(topology.POINTS)
    iris[topology.IRISES] = 1
    return np.stack([iris, (1 - lower) * (1 - iris), lower * (1 - iris)])[..., None]


def _triangles(wheel: Path) -> NDArray[np.int32]:
    """The 852 triangles whose edges MediaPipe's table lists three by three."""
    with zipfile.ZipFile(wheel) as files:
        text = files.read(_CONNECTIONS).decode()
    table = text[text.index("FACEMESH_TESSELATION") :]
    edges = [tuple(map(int, pair)) for pair in re.findall(r"\((\d+), (\d+)\)", table)]
    starts = np.array(edges[: len(edges) // 3 * 3], np.int32).reshape(-1, 3, 2)
    return np.ascontiguousarray(starts[:, :, 0])
