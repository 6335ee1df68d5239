"""The renderer's networks as files that OpenVINO runs, compared with themselves in torch."""

from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import onnx
import onnx.numpy_helper
import openvino as ov
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.inference import CALIBRATION, calibration_json
from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.geometry import GUIDES, MASKS
from gioconda.renderer.view import CELL
from gioconda.training.export import to_onnx
from gioconda.training.renderer.network import RendererNet

_LARGE = 1000  # weights of one array from which 16 bits are worth it
_ENCODER = (["picture", "masks"], ["features", "ground"])
DECODER_INPUTS = ["picture", "masks", "guides", "features", "ground"]
_DECODER = (DECODER_INPUTS, ["change"])
# of the decoder, which draws windows of any size: axes of height and width
_SIZES = {"picture": [0, 1], "masks": [1, 2], "guides": [1, 2], "features": [0, 1]}
_SIZES |= {"ground": [1, 2], "change": [0, 1]}


class EncoderGraph(nn.Module):
    """The encoder as OpenCV's arrays want it: bytes in, features with channels last out."""

    def __init__(self, net: RendererNet) -> None:
        super().__init__()
        self.encoder = net.encoder

    def forward(self, picture: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """Picture (S, S, 3) and masks (MASKS, S, S), both uint8 → (s, s, C) and (W, s, s)."""
        pixels = picture.permute(2, 0, 1)[None].float() / 255
        features, ground = self.encoder(pixels, masks[None].float() / 255)
        return features[0].permute(1, 2, 0), ground[0]


class DecoderGraph(nn.Module):
    """The decoder likewise."""

    def __init__(self, net: RendererNet) -> None:
        super().__init__()
        self.decoder = net.decoder

    def forward(
        self, picture: Tensor, masks: Tensor, guides: Tensor, features: Tensor, ground: Tensor
    ) -> Tensor:
        """Shapes as above; → (S, S, 3): what is to be added to the picture, -255 to 255."""
        warped = picture.permute(2, 0, 1)[None].float() / 255
        pixels, mask = self.decoder(
            warped,
            masks[None].float() / 255,
            guides[None],
            features.permute(2, 0, 1)[None],
            ground[None],
        )
        change = 255 * mask * (pixels - warped)
        return change[0].permute(1, 2, 0)


def export_renderer(
    net: RendererNet, side: int, output: Path, calibration: RendererCalibration
) -> float:
    """Write encoder and decoder as ONNX files in one zip, their weights in 16 bits.

    Args:
        net: the trained net.
        side: S of its views.
        output: the .zip file.
        calibration: is written beside them.

    Returns:
        The largest difference between torch and OpenVINO in what is drawn, 0 to 255.
    """
    net = net.eval()
    rng = torch.Generator().manual_seed(0)
    picture = torch.randint(0, 256, (side, side, 3), generator=rng, dtype=torch.uint8)
    picture = _smooth(picture)
    masks = torch.zeros(MASKS, side, side, dtype=torch.uint8)
    masks[:2, side // 2 : 3 * side // 4, side // 3 : 2 * side // 3] = 255
    guides = 0.2 * torch.randn(GUIDES, side // CELL, side // CELL, generator=rng)
    encoder, decoder = EncoderGraph(net), DecoderGraph(net)
    with torch.no_grad():
        features, ground = encoder(picture, masks)
        inputs = (picture, masks, guides, features.contiguous(), ground.contiguous())
        expected = decoder(*inputs)
    files = {
        "encoder.onnx": _halved(to_onnx(encoder, (picture, masks), *_ENCODER)),
        "decoder.onnx": _halved(to_onnx(decoder, inputs, *_DECODER, _SIZES)),
    }
    with ZipFile(output, "w", ZIP_STORED) as file:
        for name, content in files.items():
            file.writestr(name, content)
        file.writestr(CALIBRATION, calibration_json(calibration))
    core, exact = ov.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(files["decoder.onnx"]), "CPU", exact)
    found = compiled([x.numpy() for x in inputs])[0]
    return float(np.abs(found - expected.numpy()).max())


def _halved(model: bytes) -> bytes:
    """The same with its larger weights in 16 bits; the first thing done with them is a cast."""
    proto = onnx.load_from_string(model)
    graph = proto.graph
    casts = []
    for weights in graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        name = weights.name
        weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), name + "_half"))
        casts.append(
            onnx.helper.make_node("Cast", [name + "_half"], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)
    return bytes(proto.SerializeToString())


def _smooth(picture: Tensor) -> Tensor:
    pixels = picture.permute(2, 0, 1)[None].float()
    return F.avg_pool2d(pixels, 9, 1, 4)[0].permute(1, 2, 0).to(torch.uint8).contiguous()
