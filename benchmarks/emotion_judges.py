"""What judges that had no part in making emotions see in heads and in portraits.

    python benchmarks/emotion_judges.py [PICTURE ...] [--speaking] [--heads HEADS] --landmarker FILE
        [--classifier FOLDER] [--sheet FILE]

The first judge is `gioconda evaluate emotion --judge`: MediaPipe's blendshapes and FACS. The second
is the expression network of face-api (MIT; the folder `model` of the npm package
@vladmandic/face-api 1.7.15), which was taught by photos with names of emotions: it is asked which
of the six gains most in log likelihood against the same face at rest, for at strength 1 most
portraits are still more neutral to it than anything else. Heads (docs/heads.md) say what a judge
is worth. With --speaking, portraits say the bundled voice, and five frames of it are judged
together against the same frames of the same speech without an emotion.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset15 as ops

from gioconda import example
from gioconda.controls import Controls
from gioconda.data.heads import EMOTIONS, Camera, Look, Pose, draw, head_files, read_head
from gioconda.evaluation.blendshape_reader import BlendshapeReader
from gioconda.evaluation.emotion import name_emotion
from gioconda.face.tracker import track
from gioconda.generator import Generator
from gioconda.generator.emotions import offset
from gioconda.media import Picture, read_image
from gioconda.motion import Motion
from gioconda.portrait import Portrait, make_portrait
from gioconda.renderer import Renderer

LABELS: Final = ("neutral", "happy", "sad", "angry", "afraid", "disgusted", "surprised")
MEAN: Final = np.array([122.782, 117.001, 104.298], np.float32)
SIDE: Final = 112
BROWS_AND_CHIN: Final = [70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 152]
CHEEKS: Final = [234, 454]
SECONDS: Final = 4
FRAMES: Final = (40, 52, 64, 76, 88)  # when the emotion has come


class Classifier:
    """face-api's expression network."""

    def __init__(self, folder: Path) -> None:
        self._weights = _weights(folder / "face_expression_model")
        x: Any = ops.parameter([1, 3, SIDE, SIDE], np.float32)
        y = x
        for block in range(4):
            name = f"dense{block}/conv"
            one = ops.relu(self._first(y) if block == 0 else self._apart(y, name + "0", 2))
            two = self._apart(one, name + "1")
            both = ops.add(one, two)
            three = self._apart(ops.relu(both), name + "2")
            every = ops.add(both, three)
            y = ops.relu(ops.add(every, self._apart(ops.relu(every), name + "3")))
        pooled = ops.reduce_mean(y, ops.constant(np.array([2, 3])), False)
        weights, bias = (ops.constant(self._weights[f"fc/{part}"]) for part in ("weights", "bias"))
        answer = ops.log_softmax(ops.add(ops.matmul(pooled, weights, False, False), bias), 1)
        self._network = ov.Core().compile_model(ov.Model([answer], [x]), "CPU")

    def __call__(self, picture: Picture, mesh: NDArray[np.floating]) -> NDArray[np.float64]:
        """Log likelihood (7,) of each of `LABELS`."""
        x, y = mesh[CHEEKS, 0], mesh[BROWS_AND_CHIN, 1]
        low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
        margin = (high - low) / 10
        left, top = np.maximum(low - margin, 0).astype(int)
        right, bottom = (high + margin).astype(int)
        face = picture[top:bottom, left:right]
        height, width = face.shape[:2]
        side = max(height, width)
        square = np.zeros((side, side, 3), np.uint8)
        y0, x0 = (side - height) // 2, (side - width) // 2
        square[y0 : y0 + height, x0 : x0 + width] = face
        how = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
        small = (cv2.resize(square, (SIDE, SIDE), interpolation=how) - MEAN) / 255
        return np.array(self._network(small.transpose(2, 0, 1)[None])[0][0], np.float64)

    def _first(self, x: Any) -> Any:
        filters = self._weights["dense0/conv0/filters"].transpose(3, 2, 0, 1)
        found = ops.convolution(x, _constant(filters), [2, 2], [0, 0], [0, 0], [1, 1], "same_upper")
        return self._biased(found, "dense0/conv0")

    def _apart(self, x: Any, name: str, stride: int = 1) -> Any:
        """A depthwise convolution and a pointwise one."""
        deep = self._weights[name + "/depthwise_filter"].transpose(2, 3, 0, 1)[:, :, None]
        points = self._weights[name + "/pointwise_filter"].transpose(3, 2, 0, 1)
        steps, none, one = [stride, stride], [0, 0], [1, 1]
        found = ops.group_convolution(x, _constant(deep), steps, none, none, one, "same_upper")
        found = ops.convolution(found, _constant(points), one, none, none, one)
        return self._biased(found, name)

    def _biased(self, x: Any, name: str) -> Any:
        return ops.add(x, _constant(self._weights[name + "/bias"].reshape(1, -1, 1, 1)))


def _constant(values: NDArray[np.float32]) -> Any:
    return ops.constant(np.ascontiguousarray(values))


def _weights(model: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of a TensorFlow.js model: bytes are steps between a least and a largest value."""
    (group,) = json.loads(Path(f"{model}-weights_manifest.json").read_text())
    content, at, found = Path(f"{model}.bin").read_bytes(), 0, {}
    for entry in group["weights"]:
        how = entry.get("quantization")
        kind = np.dtype(how["dtype"] if how else np.float32)
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(content, kind, count, at).astype(np.float32)
        at += count * kind.itemsize
        if how:
            values = values * np.float32(how["scale"]) + np.float32(how["min"])
        found[entry["name"]] = values.reshape(entry["shape"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", metavar="PICTURE", type=Path, nargs="*")
    parser.add_argument("--speaking", action="store_true", help="judge frames of speech")
    parser.add_argument("--heads", type=Path, help="a folder of heads; all of them are judged")
    parser.add_argument("--first", type=int, help="take only so many heads")
    parser.add_argument("--landmarker", type=Path, required=True, help="face_landmarker.task")
    parser.add_argument("--classifier", type=Path, help="face-api's folder of models")
    parser.add_argument("--sheet", type=Path, help="write the portraits' faces, a .png")
    args = parser.parse_args()
    reader = BlendshapeReader(args.landmarker)
    classifier = Classifier(args.classifier) if args.classifier else None
    if args.heads:
        files = [f for out in (False, True) for f in head_files(args.heads, held_out=out)]
        show("heads", map(of_head, files[: args.first]), reader, classifier)
    if args.pictures:
        drawn = [of_portrait(path, args.speaking) for path in args.pictures]
        show("portraits", drawn, reader, classifier)
        if args.sheet:
            write_sheet(drawn, args.sheet)


def of_head(path: Path) -> list[list[Picture]]:
    """A picture at rest, then one of each emotion."""
    head, look, camera = read_head(path), Look(noise=1.0), Camera()
    poses = [Pose(), *(Pose(dict(shape)) for shape in EMOTIONS.values())]
    return [[draw(head, pose, look, camera).picture] for pose in poses]


def of_portrait(path: Path, speaking: bool) -> list[list[Picture]]:
    """Pictures at rest, or in speech without an emotion, then those of each emotion."""
    portrait = make_portrait(read_image(path))
    if speaking:
        return [spoken(portrait, feeling) for feeling in ({}, *({name: 1.0} for name in EMOTIONS))]
    strengths = np.concatenate([np.zeros((1, len(EMOTIONS))), np.eye(len(EMOTIONS))])
    codes = portrait.lids(offset(strengths))
    return [[Renderer(portrait).render(portrait.pose, code).copy()] for code in codes]


def spoken(portrait: Portrait, feeling: dict[str, float]) -> list[Picture]:
    voice = example.voice(SECONDS)
    generator = Generator(0, Controls(emotion=feeling), portrait.gaze)
    motion = Motion.joined([generator.append(voice), generator.finish()]).about(portrait.pose)
    renderer, codes = Renderer(portrait), portrait.lids(motion.dynamics)
    return [renderer.render(motion.pose[i], codes[i]).copy() for i in FRAMES]


def show(
    what: str,
    faces: Iterable[Sequence[Sequence[Picture]]],
    reader: BlendshapeReader,
    classifier: Classifier | None,
) -> None:
    """How often each emotion was taken for which, by each judge."""
    seen: dict[str, list[list[str]]] = {"blendshapes": []}
    if classifier:
        seen["classifier"] = []
    for expressions in faces:
        pairs = [
            list(zip(pictures, track(pictures).points, strict=True)) for pictures in expressions
        ]
        rest, *shown = (np.mean([reader.read(*one) for one in row], axis=0) for row in pairs)
        seen["blendshapes"].append([name_emotion(one - rest) for one in shown])
        if classifier:
            likely = np.array([np.mean([classifier(*one) for one in row], axis=0) for row in pairs])
            gains = (likely[1:] - likely[0])[:, 1:]
            seen["classifier"].append([LABELS[1 + i] for i in gains.argmax(1)])
    for judge, found in seen.items():
        right = sum(
            name == asked for row in found for name, asked in zip(row, EMOTIONS, strict=True)
        )
        print(f"\n{right} of {len(found) * len(EMOTIONS)} by {judge}, {len(found)} {what}")
        print(f"{'':11}" + "".join(f"{name:>11}" for name in LABELS))
        for asked, column in zip(EMOTIONS, zip(*found, strict=True), strict=True):
            print(f"{asked:11}" + "".join(f"{column.count(name):11}" for name in LABELS))


def write_sheet(drawn: Sequence[Sequence[Sequence[Picture]]], path: Path) -> None:
    """A row for each portrait: at rest, then each emotion."""
    rows = []
    for expressions in drawn:
        pictures = [each[0] for each in expressions]
        mesh = track(pictures[:1]).points[0, :, :2]
        low, high = mesh.min(0), mesh.max(0)
        left, top = np.maximum(low - 0.3 * (high - low), 0).astype(int)
        right, bottom = (high + 0.3 * (high - low)).astype(int)
        rows.append(
            np.concatenate(
                [cv2.resize(one[top:bottom, left:right], (240, 288)) for one in pictures], 1
            )
        )
    cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1])


if __name__ == "__main__":
    main()
