"""From a portrait and its motion to frames. In the order in which a frame is made:

    sheet.py          the mesh over the whole crop
    kernels.py        inner loops: triangles to a flow, the picture over the plate, blending
    eyes.py           eyeballs behind the lids
    warper.py         all of these: a warped frame
    mouth/            the inside of the mouth as geometry, which stays as it is
    conditions.py     what encoder and decoder are given, from view.py and geometry.py
    neural.py         the learned decoder, which draws lips and eyes
    light.py          its colours: the portrait's against those that it learned from
    backdrop.py       another background than the photo's, or none
    glasses.py        rims of glasses, before all of these
    renderer.py       start here: warp and decoder, frame after frame

`networks.py` reads the file of the networks, `calibration.py` the numbers in it; `reenactor.py`
moves a portrait as a clip moves, for training and evaluation.
"""

from gioconda.renderer.renderer import Renderer

__all__ = ["Renderer"]
