"""The renderer's decoder in 8-bit integers, by post-training quantisation on real frames."""

from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias
from zipfile import ZIP_STORED, ZipFile

import nncf
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.samples.scenes import Scene, Scenes
from gioconda.inference import CALIBRATION, compiled
from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.conditions import DecoderConditions, EncoderConditions
from gioconda.renderer.networks import calibration_of, networks
from gioconda.renderer.neural import Appearance
from gioconda.training.renderer.export import DECODER_INPUTS

_SCENES: Final = 40  # two frames of each are looked at,
_JUDGED: Final = 20  # and of so many others
# Sums are not quantised, nor convolutions that meet what 256 levels cannot hold: pixels at the
# inlet, and single teeth, far brighter than anything else, in the last block and the outlet.
_EXACT: Final = ("Add", "Subtract", "Multiply")
_FIRST, _LAST = 1, 3
_Inputs: TypeAlias = dict[str, NDArray[Any]]


def quantise_renderer(clips: list[Clip], model: Path, output: Path) -> dict[str, float]:
    """Put an 8-bit decoder beside the exact one.

    Args:
        clips: of the training split.
        model: a file that `gioconda.training.renderer.export` wrote.
        output: the same with the 8-bit decoder, a .zip file.

    Returns:
        How far what both draw lies apart on lips and between lids, over frames of clips: "psnr"
        (dB) and "off", the mean of the absolute difference (0 to 255).
    """
    encoder, decoder = networks(model)
    side = int(encoder.input(0).shape[0])
    looks = compiled(encoder, "an encoder"), calibration_of(model)
    scenes = Scenes(clips, np.random.default_rng(7), side, pairs=1)
    seen = [inputs for scene in islice(scenes, _SCENES) for inputs in _inputs(scene, *looks)]
    operations = decoder.get_ordered_ops()
    convolutions = [
        op.get_friendly_name() for op in operations if op.get_type_name() == "Convolution"
    ]
    small = nncf.quantize(
        decoder,
        nncf.Dataset(seen),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(seen),
        fast_bias_correction=False,
        ignored_scope=nncf.IgnoredScope(
            names=convolutions[:_FIRST] + convolutions[-_LAST:], types=list(_EXACT)
        ),
    )
    with TemporaryDirectory() as folder, ZipFile(model) as before:
        file = Path(folder) / "decoder.xml"
        ov.save_model(small, file, compress_to_fp16=False)
        with ZipFile(output, "w", ZIP_STORED) as after:
            for name in ("encoder.onnx", "decoder.onnx", CALIBRATION):
                after.writestr(name, before.read(name))
            for part in (file, file.with_suffix(".bin")):
                after.writestr(part.name, part.read_bytes())
    judged = [inputs for scene in islice(scenes, _JUDGED) for inputs in _inputs(scene, *looks)]
    return _apart(judged, decoder, small)


def _apart(frames: list[_Inputs], exact: ov.Model, small: ov.Model) -> dict[str, float]:
    """On lips and eyes."""
    draw = compiled(exact, "a decoder"), compiled(small, "a decoder", "bf16")
    found = []
    for frame in frames:
        inside, lips, eyes = frame["masks"][:3] > 127
        shown = lips & ~inside | eyes
        drawn = [np.clip(frame["picture"] + network(frame)[0], 0, 255)[shown] for network in draw]
        found.append(drawn[0] - drawn[1])
    off = np.concatenate(found)
    return {
        "psnr": 10 * float(np.log10(255**2 / max(float((off**2).mean()), 1e-6))),
        "off": float(np.abs(off).mean()),
    }


def _inputs(
    scene: Scene, encoder: ov.CompiledModel, calibration: RendererCalibration
) -> list[_Inputs]:
    source = EncoderConditions(scene.source, scene.source_masks)
    appearance = Appearance(encoder, source, calibration)
    found = []
    for i in range(len(scene.real)):
        guides = scene.guides[i].astype(np.float32)
        given = DecoderConditions(scene.base[i], scene.masks[i], guides, scene.origin[i])
        found.append(dict(zip(DECODER_INPUTS, appearance.inputs(given), strict=True)))
    return found
