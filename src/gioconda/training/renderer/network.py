"""The networks of the renderer: an encoder, once per portrait, and a decoder, once per frame.

Both see the head in its upright view (`gioconda.renderer.view`), S pixels wide, and work on
cells of 4 x 4 pixels. The encoder gives two things: features, which are warped as the pixels are,
and a ground, which stays where it is in the view.

The decoder returns pixels and a mask: how much of each replaces the warp.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.renderer.geometry import GUIDES, MASKS
from gioconda.renderer.view import CELL

SIDES: Final = {"small": 256, "base": 512}  # S of each size
SEEN: Final = 3 + MASKS  # channels of a picture with what is where in it
LEFT_OUT: Final = 0.1  # part of the encoder's channels, in training


class RendererNet(nn.Module):
    """Encoder and decoder together; no arguments give the released `small`.

    `base` is as wide but sees 512 x 512. In training, some of what the encoder gives is left
    out: from all of it the decoder knows whom it has learned from, and not how people are.

    Args:
        width: channels of the decoder.
        features: channels that are warped.
    """

    def __init__(self, width: int = 64, features: int = 32) -> None:
        super().__init__()
        self.encoder = Encoder(width, features)
        self.decoder = Decoder(width, features)

    def forward(
        self,
        source: Tensor,
        source_masks: Tensor,
        pixels: Tensor,
        masks: Tensor,
        guides: Tensor,
        origin: Tensor,
        corner: tuple[int, int],
    ) -> tuple[Tensor, Tensor]:
        """The decoder's answers for windows of N portraits in T frames each.

        Args:
            source: (N, 3, S, S); source_masks: (N, SEEN - 3, S, S); the portraits.
            pixels, masks, guides, origin: as the decoder and `warp` take them, of N T windows;
                the frames of one portrait follow each other.
            corner: the windows' row and column in the view, in cells.
        """
        given = self.encoder(source, source_masks)
        features, ground = (F.dropout2d(x, LEFT_OUT, self.training) for x in given)
        frames = len(pixels) // len(source)
        features = warp(features.float().repeat_interleave(frames, 0), origin)
        height, width = origin.shape[1:3]
        rows, columns = slice(corner[0], corner[0] + height), slice(corner[1], corner[1] + width)
        ground = ground[:, :, rows, columns].repeat_interleave(frames, 0)
        return self.decoder(pixels, masks, guides, features, ground)


class Encoder(nn.Module):
    """Portrait → features (N, C, s, s) and ground (N, W, s, s)."""

    def __init__(self, width: int, features: int, inner: int = 64, deep: int = 96) -> None:
        super().__init__()
        self.inlet = _conv(SEEN * CELL**2, inner)
        self.near = nn.Sequential(_Block(inner), _Block(inner))
        self.far = nn.Sequential(_conv(inner, deep, 2), nn.ReLU(), _Block(deep), _Block(deep))
        self.style = nn.Linear(deep, width)
        self.back = nn.Sequential(_conv(deep, 4 * inner), nn.PixelShuffle(2))
        self.features = _conv(inner, features)
        self.ground = _conv(inner, width)

    def forward(self, pixels: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """What the portrait has to give.

        Args:
            pixels: (N, 3, S, S); masks: (N, SEEN - 3, S, S); 0 to 1, the portrait at rest.
        """
        x = F.pixel_unshuffle(torch.cat([2 * pixels - 1, masks], 1), CELL)
        near = self.near(self.inlet(x))  # (N, 64, s, s)
        far = self.far(near)  # (N, 96, s/2, s/2)
        x = F.relu(near + self.back(far))
        style = self.style(far.mean((2, 3)))  # (N, W): light, colours, manner of painting
        return self.features(x), self.ground(x) + style[..., None, None]


class Decoder(nn.Module):
    """Warped portrait and geometry → pixels (N, 3, h, w) and mask (N, 1, h, w).

    Fully convolutional: any window of the view gives that window, up to its borders.
    """

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.inlet = _conv(SEEN * CELL**2 + GUIDES + features, width)
        # the ReLU is as the weights were learned
        self.blocks = nn.Sequential(_Block(width), nn.ReLU(), _Block(width), _Block(width))
        self.outlet = _conv(width, 4 * CELL**2)
        nn.init.zeros_(self.outlet.weight)
        nn.init.zeros_(self.outlet.bias)

    def forward(
        self, pixels: Tensor, masks: Tensor, guides: Tensor, features: Tensor, ground: Tensor
    ) -> tuple[Tensor, Tensor]:
        """All but the ground belong to the frame.

        Args:
            pixels: (N, 3, h, w) warped, 0 to 1.
            masks: (N, SEEN - 3, h, w), 0 to 1.
            guides: (N, GUIDES, h/4, w/4).
            features: (N, C, h/4, w/4) warped.
            ground: (N, W, h/4, w/4).
        """
        x = F.pixel_unshuffle(torch.cat([2 * pixels - 1, masks], 1), CELL)
        x = self.inlet(torch.cat([x, guides, features], 1)) + ground  # (N, W, h/4, w/4)
        drawn = F.pixel_shuffle(self.outlet(self.blocks(x)), CELL)  # (N, 4, h, w)
        return pixels + drawn[:, :3], torch.sigmoid(drawn[:, 3:])


class Critic(nn.Module):
    """Real or drawn? Judges patches (N, 1, h/8, w/8) of pixels and what should be there."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(3 + MASKS, width, 4, 2, 1),
                nn.Conv2d(width, 2 * width, 4, 2, 1),
                nn.Conv2d(2 * width, 4 * width, 4, 2, 1),
                nn.Conv2d(4 * width, 4 * width, 3, 1, 1),
            ]
        )
        self.verdict = nn.Conv2d(4 * width, 1, 3, 1, 1)
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, 0.2, nonlinearity="leaky_relu")

    def forward(self, pixels: Tensor, masks: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The verdict, and what each layer saw."""
        x = torch.cat([2 * pixels - 1, masks], 1)
        seen = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            seen.append(x)
        return self.verdict(x), seen


def warp(features: Tensor, origin: Tensor) -> Tensor:
    """Features (N, C, s, s) looked up along `origin` (N, h, w, 2), in pixels of the view.

    As `gioconda.renderer.neural.look_up`: bilinear, the border repeated.
    """
    side = features.shape[-1] * CELL
    grid = (2 * origin + 1) / side - 1
    return F.grid_sample(features, grid, padding_mode="border", align_corners=False)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


class _Block(nn.Module):
    """Two convolutions beside a straight way; at first it changes nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = _conv(width, width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))
