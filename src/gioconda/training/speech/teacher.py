"""wav2vec 2.0 as a teacher of the speech encoder, for training with more data than ours.

It sees a whole recording, so it cannot stream and is not needed at run time: the encoder, which
hears 80 ms ahead, learns to predict its features (Baevski et al., 2020).
"""

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from gioconda.errors import GiocondaError
from gioconda.media import FPS, SAMPLE_RATE

_RATE: Final = 50  # its features a second
_RECEPTIVE: Final = 400  # samples that each of them sees


class Wav2Vec(nn.Module):
    """The features of a frozen wav2vec 2.0, 25 times a second.

    Args:
        folder: a model as the package transformers saves it (`save_pretrained`), on the disk.

    Attributes:
        size: numbers of a frame.

    Raises:
        GiocondaError: if there is no such model.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import Wav2Vec2Model

        if not (folder / "config.json").is_file():
            raise GiocondaError(f"{folder} holds no wav2vec 2.0 model: it has no config.json")
        try:
            self._model = Wav2Vec2Model.from_pretrained(folder, local_files_only=True).eval()
        except (OSError, ValueError) as error:
            raise GiocondaError(f"{folder} holds no wav2vec 2.0 model ({error})") from error
        self.size: int = self._model.config.hidden_size

    @torch.no_grad()
    def forward(self, pcm: Tensor) -> Tensor:
        """(N, T, size) of sound (N, 640 T), 16 kHz mono."""
        pcm = (pcm - pcm.mean(1, keepdim=True)) / (pcm.std(1, keepdim=True) + 1e-5)
        pcm = nn.functional.pad(pcm, (0, _RECEPTIVE - SAMPLE_RATE // _RATE))
        features = self._model(pcm).last_hidden_state
        return features.unflatten(1, (-1, _RATE // FPS)).mean(2)
