"""A network as an ONNX file."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def to_onnx(
    net: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    outputs: Sequence[str],
    free: Mapping[str, Any] | None = None,
) -> bytes:
    """The file's content.

    Args:
        net: in the mode in which it is to run.
        inputs: examples of what its `forward` takes.
        names: of the inputs.
        outputs: names of what it returns.
        free: by name, the axes of any length, as `torch.onnx.export` takes them.
    """
    written = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing; the older exporter needs no further packages
        torch.onnx.export(
            net,
            inputs,
            written,
            input_names=names,
            output_names=outputs,
            dynamic_axes=free,
            dynamo=False,
        )
    return written.getvalue()
