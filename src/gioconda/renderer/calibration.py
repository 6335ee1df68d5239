"""What was measured or chosen on data for the learned decoder; it lies in the weights' file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RendererCalibration:
    """The numbers beside the networks' weights.

    Attributes:
        sharper_eyes: by so much more detail they are drawn: what is learned is a mean, and the view
            is coarser than the photo.
        finer_than: pixels of the view, what counts as detail there.
        face_colours: red, green and blue of the middle of faces in clips, against their mean;
            `benchmarks/face_colours.py` prints them.
        light_part: of how a face's colours differ from these that is light; the rest is skin's.
        least_gain, most_gain: of the light, for a channel.
    """

    sharper_eyes: float
    finer_than: float
    face_colours: tuple[float, float, float]
    light_part: float
    least_gain: float
    most_gain: float
