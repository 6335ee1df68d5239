"""The renderer's decoder in 8-bit integers, by post-training quantisation on real frames."""

from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile

import nncf
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.scenes import Scene, Scenes
from gioconda.renderer.light import Light
from gioconda.renderer.neural import look_up, networks

_SCENES: Final = 40  # two frames of each are looked at


def quantise_renderer(clips: list[Clip], model: Path, output: Path) -> None:
    """Put an 8-bit decoder beside the exact one.

    Args:
        clips: of the training split.
        model: a file that `gioconda.training.export` wrote.
        output: the same with the 8-bit decoder, a .zip file.
    """
    encoder, decoder = networks(model)
    side = int(encoder.input(0).shape[0])
    compiled = ov.Core().compile_model(encoder, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    scenes = Scenes(clips, np.random.default_rng(7), side, pairs=1)
    seen = [inputs for scene in islice(scenes, _SCENES) for inputs in _inputs(scene, compiled)]
    small = nncf.quantize(
        decoder,
        nncf.Dataset(seen),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(seen),
        fast_bias_correction=False,
        # the last convolution says colours; eight bits of them would show
        ignored_scope=nncf.IgnoredScope(names=_last_convolution(decoder)),
    )
    with TemporaryDirectory() as folder, ZipFile(model) as before:
        file = Path(folder) / "decoder.xml"
        ov.save_model(small, file, compress_to_fp16=False)
        with ZipFile(output, "w", ZIP_STORED) as after:
            for name in ("encoder.onnx", "decoder.onnx"):
                after.writestr(name, before.read(name))
            for part in (file, file.with_suffix(".bin")):
                after.writestr(part.name, part.read_bytes())


def _inputs(scene: Scene, encoder: ov.CompiledModel) -> list[dict[str, NDArray[Any]]]:
    light = Light(scene.source)
    answer = encoder([light.off(scene.source), scene.source_masks, scene.source_jaws])
    features, ground = np.ascontiguousarray(answer[0]), answer[1].copy()
    return [
        {
            "picture": light.off(scene.warped[i]),
            "masks": scene.masks[i],
            "guides": scene.guides[i].astype(np.float32),
            "features": look_up(features, scene.origin[i]),
            "ground": ground,
        }
        for i in range(len(scene.real))
    ]


def _last_convolution(model: ov.Model) -> list[str]:
    names = [op.get_friendly_name() for op in model.get_ordered_ops() if _convolves(op)]
    return names[-1:]


def _convolves(operation: Any) -> bool:
    return str(operation.get_type_name()) == "Convolution"
