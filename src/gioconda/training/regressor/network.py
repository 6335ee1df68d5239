"""The network from sound to the mouth."""

from torch import Tensor, nn

from gioconda.generator.regressor import HISTORY
from gioconda.speech import LOOK_AHEAD
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS


class MouthNet(nn.Module):
    """Log-mel (N, 4 (HISTORY + T + LOOK_AHEAD), 80) → coordinates (N, T, coordinates).

    Nothing is padded, so a stream cut into windows gives what the whole gives.
    """

    def __init__(
        self,
        coordinates: int,
        width: int = 192,
        dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 2),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if 2 * sum(dilations) != HISTORY + LOOK_AHEAD:
            raise ValueError(f"dilations {dilations} do not span {HISTORY + LOOK_AHEAD} frames")
        self.inlet = nn.Sequential(
            nn.Conv1d(MELS, width, SPECTRA, stride=SPECTRA), nn.BatchNorm1d(width), nn.SiLU()
        )
        self.blocks = nn.ModuleList(_Block(width, d, dropout) for d in dilations)
        self.outlet = nn.Conv1d(width, coordinates, 1)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.inlet(mel.transpose(1, 2))  # (N, width, HISTORY + T + LOOK_AHEAD)
        for block in self.blocks:
            x = block(x)
        return self.outlet(x).transpose(1, 2)  # (N, T, coordinates)


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.span = 2 * dilation
        self.body = nn.Sequential(
            nn.Conv1d(width, width, 3, dilation=dilation),
            nn.BatchNorm1d(width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.span :] + self.body(x)
