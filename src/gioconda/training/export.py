"""A network as an ONNX file."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import onnx
import torch
from torch import Tensor, nn


def to_onnx(
    net: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    outputs: Sequence[str],
    free: Mapping[str, Any] | None = None,
    facts: Mapping[str, str] | None = None,
) -> bytes:
    """The file's content.

    Args:
        net: in the mode in which it is to run.
        inputs: examples of what its `forward` takes.
        names: of the inputs.
        outputs: names of what it returns.
        free: by name, the axes of any length, as `torch.onnx.export` takes them.
        facts: what it belongs to, see `state_facts`.
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
    return state_facts(written.getvalue(), facts) if facts else written.getvalue()


def state_facts(content: bytes, facts: Mapping[str, str]) -> bytes:
    """An ONNX file that says what it belongs to, for `gioconda.inference.fact`.

    Args:
        content: of the file.
        facts: "basis", the name of its basis; "speech", of a generator, whose features it takes
            (`gioconda.models.speech_features`).
    """
    network = onnx.load_from_string(content)
    onnx.helper.set_model_props(network, dict(facts))
    return network.SerializeToString()
