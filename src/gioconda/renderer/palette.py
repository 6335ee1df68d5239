"""A picture's palette: what colours it has for light and dark, and whether it has others.

In a sepia print, an engraving, a drawing in one ink or a bronze the light of a place tells its
colour. What is drawn into such a picture has to keep to that line.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Distances in Lab of the tenth of a face that is farthest from its line: of pictures in one colour,
# and of those in many. Prints in one have 0 to 1.0, ink on yellow paper 1.9, a marble with a trace
# of colour 3.4, paintings 3.8 and more, 70 people in clips 4.3 and more.
_ONE, _MANY = 1.5, 5.0
_FAR: Final = 0.9
_BLUR: Final = 1 / 256  # of the face's side: the colours of single pixels are noise
_ENDS: Final = 0.01  # part of a face that is its darkest, and its lightest


@dataclass(frozen=True)
class Palette:
    """The colours of a face.

    Attributes:
        coloured: whether it has colours of its own beside light and dark, 0 to 1.
        line: (3, 3) RGB by powers of the light, 0 to 1.
        darkest, lightest: (3,) the colours of its darkest and its lightest places, 0 to 255.
    """

    coloured: float
    line: NDArray[np.float64]
    darkest: NDArray[np.float64]
    lightest: NDArray[np.float64]

    @staticmethod
    def of(face: NDArray[np.uint8]) -> "Palette":
        """The palette of a face (h, w, 3)."""
        smooth = cv2.GaussianBlur(face, (0, 0), max(_BLUR * len(face), 0.5))
        colours = smooth.reshape(-1, 3).astype(np.float64)
        light = colours.mean(1)
        powers = _powers(light)
        line = np.asarray(np.linalg.lstsq(powers, colours, rcond=None)[0], np.float64)
        both = np.stack([colours, np.clip(powers @ line, 0, 255)]).astype(np.float32) / 255
        lab = cv2.cvtColor(both, cv2.COLOR_RGB2LAB)
        far = float(np.quantile(np.linalg.norm(lab[0, :, 1:] - lab[1, :, 1:], axis=-1), _FAR))
        coloured = float(np.interp(far, (_ONE, _MANY), (0, 1)))
        low, high = np.quantile(light, (_ENDS, 1 - _ENDS))
        darkest, lightest = colours[light <= low], colours[light >= high]
        ends = (np.asarray(part.mean(0), np.float64) for part in (darkest, lightest))
        return Palette(coloured, line, *ends)

    def toned(self, colours: NDArray[np.floating]) -> NDArray[np.float64]:
        """Colours (..., 3), 0 to 255 and beyond, as the picture would have them: as light as they
        were, and as near to the picture's line as its own are."""
        light = np.asarray(colours, np.float64).mean(-1)
        low, high = np.maximum([self.darkest.mean(), self.lightest.mean()], 1)
        usual = np.clip(light, low, high)
        on = np.clip(_powers(usual) @ self.line, 0, None) * (light / usual)[..., None]
        found: NDArray[np.float64] = on + self.coloured * (colours - on)
        return found

    @cached_property
    def tint(self) -> NDArray[np.float64]:
        """What a change of the light by one changes, (3,)."""
        low, high = self.darkest.mean(), self.lightest.mean()
        dark, bright = _powers(np.array([low, high])) @ self.line
        found: NDArray[np.float64] = (bright - dark) / max(high - low, 1.0)
        return found


def _powers(light: NDArray[np.float64]) -> NDArray[np.float64]:
    part = light[..., None] / 255
    return np.concatenate([np.ones_like(part), part, part**2], -1)
