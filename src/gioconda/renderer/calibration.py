"""What was measured or chosen on data for the learned decoder; it lies in the weights' file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RendererCalibration:
    """The numbers beside the networks' weights.

    Attributes:
        sharper_mouth, sharper_eyes: by so much more detail they are drawn: what is learned is a
            mean, and the view is coarser than the photo.
        finer_than: pixels of the view, what counts as detail there.
        teeth_average: part of the average of earlier frames' teeth, against a frame's own.
        teeth_frames: that the average counts for at most, and the portrait.
        face_colours: red, green and blue of the middle of faces in clips, against their mean;
            `benchmarks/face_colours.py` prints them.
        light_part: of how a face's colours differ from these that is light; the rest is skin's.
        least_gain, most_gain: of the light, for a channel.
        colourless, coloured: difference between the channels, against their mean, of faces
            without colours and with all.
        geometry: 1 if the first guess of a mouth is its geometry (`gioconda.renderer.mouth`),
            0 for the plain mouth: what the networks were trained over.
    """

    sharper_mouth: float
    sharper_eyes: float
    finer_than: float
    teeth_average: float
    teeth_frames: float
    face_colours: tuple[float, float, float]
    light_part: float
    least_gain: float
    most_gain: float
    colourless: float
    coloured: float
    geometry: float = 0.0
