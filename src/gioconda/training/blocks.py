"""What the networks that hear are made of."""

from torch import Tensor, nn


class DilatedBlock(nn.Module):
    """A dilated convolution beside a straight way: (N, C, T) → (N, C, T - 2 dilation).

    Nothing is padded, so a stream cut into windows gives what the whole gives.

    Args:
        width: C.
        dilation: frames from one to the next that it sees.
        dropout: part that is left out in training.
        straight: the frames that go straight on.
        first: what comes before it.
    """

    def __init__(
        self, width: int, dilation: int, dropout: float, straight: slice, *first: nn.Module
    ) -> None:
        super().__init__()
        self._straight = straight
        self.body = nn.Sequential(
            *first,
            nn.Conv1d(width, width, 3, dilation=dilation),
            nn.BatchNorm1d(width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self._straight] + self.body(x)
