"""MediaPipe's networks, read by OpenVINO from the files in the package.

Two of them use operations of MediaPipe's own; they are written here with OpenVINO's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset15 as ops
from openvino.frontend import ConversionExtension, FrontEndManager

from gioconda.errors import GiocondaError
from gioconda.face.topology import LEFT_EYE, LIPS, RIGHT_EYE
from gioconda.inference import kept_compiled, weights_file
from gioconda.once import once

# Of each crop that the attention mesh looks at again: its points, and the two that level it.
_CROPS = ((LIPS, 61, 291), (RIGHT_EYE, 33, 133), (LEFT_EYE, 362, 263))
_CROP_SIZE = 16
_CROP_MARGIN = 1.5


@once
def network(name: str) -> ov.CompiledModel:
    """One of MediaPipe's networks, compiled for the CPU once.

    Args:
        name: the file's name without its ending.

    Raises:
        GiocondaError: if the package lacks the file.
    """
    file = weights_file(f"mediapipe/{name}.tflite")
    if not file.is_file():
        raise GiocondaError(
            f"the face model {name}.tflite is missing from the package; "
            "install Gioconda again with pip, which fetches it"
        )

    def read() -> ov.Model:
        front_end = FrontEndManager().load_by_framework("tflite")
        for operation, translate in _operations():
            front_end.add_extension(ConversionExtension(operation, translate))
        return front_end.convert(front_end.load(str(file)))

    # exact: in bf16 the points step by a quarter of a pixel
    return kept_compiled(file, "", "a face model", read)


def _operations() -> list[tuple[str, Callable[[Any], list[Any]]]]:
    crops = iter(_CROPS)
    return [
        ("Landmarks2TransformMatrix", lambda node: _crop_matrix(node.get_input(0), *next(crops))),
        ("TransformTensorBilinear", _crop_features),
        ("TransformLandmarks", _transform_points),
        ("Convolution2DTransposeBias", _upsample),
    ]


def _scalar(value: float) -> Any:
    return ops.constant(np.float32(value))


def _pick(node: Any, indices: list[int], axis: int) -> Any:
    return ops.gather(node, ops.constant(np.array(indices)), ops.constant(axis))


def _crop_matrix(points: Any, subset: np.ndarray, start: int, end: int) -> list[Any]:
    """Matrix (1, 4, 4) from crop pixels to the pixels that `points` (1, 468, 3) are in.

    The crop is the box of the subset, level along the line from `start` to `end`,
    made larger by a margin.
    """
    line = _pick(points, [end], 1) - _pick(points, [start], 1)  # (1, 1, 3)
    dx, dy = _pick(line, [0], 2), _pick(line, [1], 2)  # (1, 1, 1)
    length = ops.sqrt(dx * dx + dy * dy)
    cos, sin = dx / length, dy / length
    chosen = _pick(points, [int(i) for i in subset], 1)
    x, y = _pick(chosen, [0], 2), _pick(chosen, [1], 2)  # (1, S, 1)
    axis = ops.constant(np.array([1]))

    def extent(values: Any) -> tuple[Any, Any]:
        """Middle and scale."""
        low, high = ops.reduce_min(values, axis, True), ops.reduce_max(values, axis, True)
        return (low + high) * _scalar(0.5), (high - low) * _scalar(_CROP_MARGIN / _CROP_SIZE)

    (u, scale_u), (v, scale_v) = extent(x * cos + y * sin), extent(y * cos - x * sin)
    half = _scalar(_CROP_SIZE / 2)
    xx, xy = cos * scale_u, ops.negative(sin * scale_v)
    yx, yy = sin * scale_u, cos * scale_v
    shift_x = u * cos - v * sin - (xx + xy) * half
    shift_y = u * sin + v * cos - (yx + yy) * half
    zero = cos * _scalar(0)
    one = zero + _scalar(1)
    rows = [xx, xy, zero, shift_x, yx, yy, zero, shift_y]
    rows += [zero, zero, one, zero, zero, zero, zero, one]
    matrix = ops.reshape(ops.concat(rows, 2), ops.constant(np.array([1, 4, 4])), False)
    return [matrix.output(0)]


def _crop_features(node: Any) -> list[Any]:
    """The features (1, 48, 48, C) under the crop that the matrix describes, (1, 16, 16, C)."""
    features, matrix = node.get_input(0), node.get_input(1)
    height, width = list(features.get_partial_shape())[1:3]
    axis = np.arange(_CROP_SIZE, dtype=np.float32) + 0.5
    x, y = np.meshgrid(axis, axis)
    pixels = np.stack([x, y, 0 * x, 0 * x + 1], -1).reshape(1, -1, 4)  # (1, 256, 4)
    found = ops.matmul(ops.constant(pixels.astype(np.float32)), matrix, False, True)
    size = np.array([width.get_length(), height.get_length()], np.float32)
    scale, shift = 2 / (size - 1), -1 / (size - 1) - 1
    unit = _pick(found, [0, 1], 2) * ops.constant(scale) + ops.constant(shift)
    grid = ops.reshape(unit, ops.constant(np.array([1, _CROP_SIZE, _CROP_SIZE, 2])), False)
    planes = ops.transpose(features, ops.constant(np.array([0, 3, 1, 2])))
    sampled = ops.grid_sample(planes, grid, {"align_corners": True})
    return [ops.transpose(sampled, ops.constant(np.array([0, 2, 3, 1]))).output(0)]


def _transform_points(node: Any) -> list[Any]:
    """Points (1, N, 2) through the plane part of a matrix (1, 4, 4)."""
    points, matrix = node.get_input(0), node.get_input(1)
    rows = _pick(matrix, [0, 1], 1)
    turned = ops.matmul(points, _pick(rows, [0, 1], 2), False, True)
    shift = ops.transpose(_pick(rows, [3], 2), ops.constant(np.array([0, 2, 1])))
    return [(turned + shift).output(0)]


def _upsample(node: Any) -> list[Any]:
    """Transposed convolution of stride 2 with a bias; kernel (out, 2, 2, in)."""
    data, kernel, bias = (node.get_input(i) for i in range(3))
    planes = ops.transpose(data, ops.constant(np.array([0, 3, 1, 2])))
    filters = ops.transpose(kernel, ops.constant(np.array([3, 0, 1, 2])))
    pads = [0, 0]
    larger = ops.convolution_backprop_data(planes, filters, [2, 2], None, pads, pads, [1, 1])
    back = ops.transpose(larger, ops.constant(np.array([0, 2, 3, 1])))
    return [ops.add(back, bias).output(0)]
