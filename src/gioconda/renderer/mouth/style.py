"""The style of a picture: what of a mouth its maker would have drawn.

Photos and most paintings have shades everywhere; cartoons, comics and drawings in ink have flat
colours between lines. In these a mouth is a light band of teeth, one dark and a tongue of one
colour. Pictures in one colour have mouths in it.
"""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.portrait import Portrait
from gioconda.renderer.light import middle
from gioconda.renderer.mouth.shading import Lighting
from gioconda.renderer.palette import Palette
from gioconda.renderer.view import HeadPlace

_SIDE: Final = 512  # of the view in which a picture is judged
_SMOOTH: Final = 1.5  # pixels of it: finer is grain
_LEAST: Final = 0.05  # levels a pixel: less is noise
# Geometric over arithmetic mean of a face's slopes: of flat pictures and of shaded ones. Of 70
# people in clips the least is 0.47, of photos 0.49; 13 cartoons, comics and drawings have less.
_FLAT, _SHADED = 0.38, 0.46
_DULL: Final = 0.4  # of the way to the dark, the tongue of flat pictures


class Style(NamedTuple):
    """How a picture is made.

    Attributes:
        palette: its colours.
        flat: whether it has flat colours between lines, 0 to 1.
    """

    palette: Palette
    flat: float = 0.0

    @staticmethod
    def of(portrait: Portrait) -> "Style":
        """The style of a portrait, by its face."""
        inside = slice(portrait.margin, portrait.margin + portrait.size)
        view = HeadPlace.of(portrait.head).view(_SIDE)
        face = view.cut(portrait.texture[inside, inside, :3])[middle(_SIDE)]
        return Style(Palette.of(face), flatness(face))

    def lighting(self) -> Lighting:
        """How light falls into a mouth in this style."""
        usual = Lighting()
        even = {"ambient": 1.0, "shine": 0.0, "side_teeth": 0.0, "upper_shadow": 0.2}
        flat = usual._replace(**even, free_tongue=1.0, free_teeth=1.0, flat=1.0)
        part = np.array(usual) + self.flat * np.subtract(flat, usual)
        lighting = Lighting(*(float(v) for v in part))
        return lighting._replace(warm=usual.warm * self.palette.coloured)

    def tones(self, usual: NDArray[np.floating]) -> NDArray[np.float64]:
        """Tones (3, 3) of teeth, soft, dark as they are in this style: flat pictures have the
        lightest and the darkest of their own."""
        teeth, soft, dark = self.palette.toned(usual)
        ends = self.palette.lightest, self.palette.darkest
        teeth, dark = (
            tone + self.flat * (end - tone) for tone, end in zip((teeth, dark), ends, strict=True)
        )
        return np.stack([teeth, soft + _DULL * self.flat * (dark - soft), dark])


def flatness(face: NDArray[np.uint8]) -> float:
    """Whether a face (h, w, 3) has flat colours between lines, 0 to 1: then few of its pixels have
    most of its slopes."""
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), _SMOOTH), np.float32)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    slopes = np.hypot(across, down)
    spread = float(np.exp(np.log(slopes + _LEAST).mean()) / max(float(slopes.mean()), _LEAST))
    return float(np.interp(spread, (_FLAT, _SHADED), (1, 0)))
