"""A network as an ONNX file."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from gioconda.face.basis import released_basis
from gioconda.inference import FILES, weights_file
from gioconda.models import speech_features

_SMALL: Final = 1000  # numbers that are not worth it


def halved(content: bytes) -> bytes:
    """An ONNX file's content with its large weights in half precision, as run time reads them."""
    model = onnx.load_from_string(content)
    graph, casts = model.graph, []
    for weights in graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.size > _SMALL:
            name = weights.name
            weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            cast = helper.make_node("Cast", [weights.name], [name], to=TensorProto.FLOAT)
            casts.append(cast)
    for cast in casts:
        graph.node.insert(0, cast)
    return bytes(model.SerializeToString())


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


def motion_facts() -> dict[str, str]:
    """What a network belongs to that turns speech features in use into coordinates in use."""
    encoder = speech_features(weights_file(FILES["speech"]))
    return {"basis": released_basis().name, "speech": encoder}


def state_facts(content: bytes, facts: Mapping[str, str]) -> bytes:
    """An ONNX file that says what it belongs to, for `gioconda.inference.fact`.

    Args:
        content: of the file.
        facts: "basis", the name of its basis; "speech", of a generator, whose features it takes
            (`gioconda.models.speech_features`); "features", of a speech encoder, their name where
            it is not the file's own.
    """
    network = onnx.load_from_string(content)
    onnx.helper.set_model_props(network, dict(facts))
    return network.SerializeToString()
