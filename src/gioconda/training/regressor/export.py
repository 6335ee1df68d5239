"""The network as an ONNX file, compared with itself in OpenVINO."""

from pathlib import Path

import numpy as np
import torch

from gioconda.generator.regressor import HISTORY, Regressor
from gioconda.speech import LOOK_AHEAD, SILENCE
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training.regressor.network import MouthNet


def write_model(net: MouthNet, output: Path) -> None:
    """Write the net as ONNX; the time is free."""
    example = torch.zeros(1, SPECTRA * (HISTORY + LOOK_AHEAD + 10), MELS)
    torch.onnx.export(
        net,
        (example,),
        output,
        input_names=["mel"],
        output_names=["lower"],
        dynamic_axes={"mel": {1: "time"}, "lower": {1: "frames"}},
        dynamo=False,
    )


def export_error(net: MouthNet, output: Path) -> float:
    """The largest difference between the network in torch and its file in OpenVINO."""
    mel = np.random.default_rng(0).uniform(SILENCE, 1, (60, SPECTRA, MELS)).astype(np.float32)
    regressor = Regressor(output)
    written = np.concatenate([regressor.append(mel), regressor.finish()])
    sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (HISTORY, LOOK_AHEAD)]
    whole = np.concatenate([sides[0], mel, sides[1]]).reshape(1, -1, MELS)
    with torch.no_grad():
        return float(np.abs(net(torch.from_numpy(whole))[0].numpy() - written).max())
