"""The user's own models in place of the released ones.

What `gioconda train` writes has facts of what it belongs to: the name of its basis; for lips and a
generator also a hash of the speech encoder whose features they were trained on. A file without
them, as the released ones may be, belongs to the released basis and speech encoder.
"""

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Final, NoReturn

import openvino as ov

from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, load_basis
from gioconda.generator.bank import load_bank
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import Channels, Conditions
from gioconda.inference import (
    FILES,
    MODELS,
    fact,
    read_calibration,
    read_network,
    read_networks,
    released_file,
    weights_file,
)
from gioconda.provenance.output import file_hash
from gioconda.renderer.mouth.predictor import FACE_FEATURES, load_model
from gioconda.renderer.networks import calibration_of, networks
from gioconda.speech.encoder import Heard

_WEIGHTS: Final = {".safetensors", ".onnx", ".zip"}
_NAMES: Final = ", ".join(FILES.values())


def use_models(folder: str | os.PathLike[str], needs: Collection[str] | None = None) -> None:
    """Use the models of a folder in place of the released ones, in this process and its children.

    Call it before anything else of Gioconda: what is loaded stays in use. The released models
    stand in for those that are not in the folder.

        gioconda.use_models("my-models")  # holds generator.zip, of `gioconda train generator`
        gioconda.animate("face.jpg", "voice.wav", "out.mp4")

    Args:
        folder: of files of `gioconda train`, or of `gioconda train calibration`, under the names
            basis.safetensors, speech.onnx, lips.onnx, generator.zip, renderer.zip,
            mouth-state.safetensors, regressor.onnx and bank.safetensors.
        needs: the models that must fit together (basis, speech, ...), by default all.

    Raises:
        GiocondaError: if there is no such folder, it holds no model or a file that is none,
            models do not fit together, or others are in use already.
    """
    place = Path(folder).absolute()
    _check_names(place)
    _Set(place).check(FILES if needs is None else needs)
    if os.environ.get(MODELS) != str(place) and weights_file.cache_info().currsize:
        raise GiocondaError(
            f"{folder} comes too late: other models are already in use; call use_models first"
        )
    os.environ[MODELS] = str(place)


def speech_features(encoder: Path) -> str:
    """A name for the features of a speech encoder's file."""
    network = read_network(encoder, "a speech encoder")
    return fact(network, "features") or file_hash(encoder)[:16]


def _check_names(folder: Path) -> None:
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix in _WEIGHTS)
    except OSError as error:
        raise GiocondaError(
            f"{folder} is not a folder of models ({error.strerror}); expected one with files that "
            "gioconda train wrote"
        ) from error
    found = [name for name in names if not name.startswith(".")]  # what is being written
    unknown = [name for name in found if name not in FILES.values()]
    if unknown:
        raise GiocondaError(
            f"{folder} holds {unknown[0]}, which is not the name of a model; rename it to one of "
            f"{_NAMES}, or remove it"
        )
    if not found:
        raise GiocondaError(
            f"{folder} has no model; expected {_NAMES}, or some of them, as gioconda train "
            "writes them"
        )


class _Set:
    """The models of a folder, and the released ones for those that are not in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, needs: Collection[str]) -> None:
        """Raise GiocondaError unless these are models and fit together."""
        checks = {
            "basis": self._check_basis,
            "speech": self._check_speech,
            "lips": self._check_lips,
            "generator": self._check_generator,
            "renderer": self._check_renderer,
            "mouth-state": self._check_mouth_state,
            "regressor": self._check_regressor,
            "bank": self._check_bank,
        }
        for name, check in checks.items():
            if name in needs:
                check()

    def _check_basis(self) -> None:
        file, released = self._file("basis"), released_file(FILES["basis"])
        name = load_basis(file).name
        if name == load_basis(released).name and file_hash(file) != file_hash(released):
            raise GiocondaError(
                f"{file} has the name of the released basis, {name}, but is a different one; "
                "give yours another --name when you train it"
            )

    def _check_speech(self) -> None:
        what, expected = "a speech encoder", [field.name for field in fields(Heard)]
        network = read_network(self._file("speech"), what)
        self._check_tensors("speech", what, network.outputs, expected)

    def _check_lips(self) -> None:
        what = "a network of lips"
        network = read_network(self._file("lips"), what)
        inputs = ["speech", "heard", "manner", "state"]
        self._check_tensors("lips", what, network.inputs, inputs)
        self._check_tensors("lips", what, network.outputs, ["lower", "certain"])
        self._check_in_basis("lips", _basis_of(network), _size(network.output("lower")), _mouth)
        self._check_features("lips", network, _size(network.input("speech")))

    def _check_generator(self) -> None:
        what, file = "a generator", self._file("generator")
        read_calibration(file, what, Calibration)
        first, _ = read_networks(file, what, "first.onnx", "again.onnx")
        self._check_tensors("generator", what, first.inputs, ["noisy", "conditions"])
        count = _size(first.input("noisy"))
        self._check_in_basis("generator", _basis_of(first), count, lambda b: Channels(b).count)
        conditions = _size(first.input("conditions"))
        if conditions != Conditions.COUNT:
            self._refuse(
                "generator",
                f"takes {conditions} conditions a frame, not those of this "
                f"Gioconda, which are {Conditions.COUNT}",
            )
        self._check_features("generator", first, Conditions.SPEECH.stop)

    def _check_features(self, name: str, network: ov.Model, numbers: int) -> None:
        """Of a network that takes so many numbers of `speech_condition`."""
        encoder = self._file("speech")
        features = _size(read_network(encoder, "a speech encoder").output("features"))
        taken = numbers - len(("voice", "loudness"))
        if features != taken:
            self._refuse(
                name,
                f"takes {taken} speech features, but {self._called('speech')} gives {features}",
            )
        learned_from = fact(network, "speech") or speech_features(released_file(FILES["speech"]))
        if learned_from != speech_features(encoder):
            self._refuse(
                name, "was trained on another speech encoder than " + self._called("speech")
            )

    def _check_renderer(self) -> None:
        networks(self._file("renderer"))
        calibration_of(self._file("renderer"))

    def _check_mouth_state(self) -> None:
        read = len(load_model(self._file("mouth-state")).mean)
        numbers = _mouth(load_basis(self._file("basis"))) + FACE_FEATURES
        if read != numbers:
            self._refuse("mouth-state", f"reads {read} numbers of a face, not {numbers}")

    def _check_regressor(self) -> None:
        what = "a regressor"
        network = read_network(self._file("regressor"), what)
        self._check_tensors("regressor", what, network.outputs, ["lower"])
        self._check_in_basis(
            "regressor", _basis_of(network), _size(network.output("lower")), _mouth
        )

    def _check_bank(self) -> None:
        bank = load_bank(self._file("bank"))
        self._check_in_basis("bank", bank.basis, len(bank.mirror), lambda b: sum(b.parts[:2]))

    def _check_tensors(
        self, name: str, what: str, found: Iterable[ov.Output], expected: Iterable[str]
    ) -> None:
        missing = set(expected) - {tensor.any_name for tensor in found}
        if missing:
            raise GiocondaError(
                f"{self._called(name)} is not {what}: it has no {', '.join(sorted(missing))}"
            )

    def _check_in_basis(
        self, name: str, basis: str, count: int, counted: Callable[[Basis], int]
    ) -> None:
        """Of a model: the name of its basis, and how many coordinates it has of those `counted`."""
        own = load_basis(self._file("basis"))
        if (basis, count) != (own.name, counted(own)):
            self._refuse(
                name,
                f"is for the basis {basis} and {count} numbers of it, "
                f"but {self._called('basis')} is {own.name} and has {counted(own)}",
            )

    def _refuse(self, name: str, why: str) -> NoReturn:
        file, folder = FILES[name], self._folder
        remedy = f"train it with --models {folder}"
        if self._file(name).parent == folder:
            remedy += ", or remove it"
        else:
            remedy += f" and put {file} there"
        raise GiocondaError(f"{self._called(name)} {why}; {remedy}")

    def _called(self, name: str) -> str:
        file = self._file(name)
        return str(file) if file.parent == self._folder else f"the released {file.name}"

    def _file(self, name: str) -> Path:
        own = self._folder / FILES[name]
        return own if own.is_file() else released_file(FILES[name])


def _mouth(basis: Basis) -> int:
    return basis.parts[2]


def _size(tensor: ov.Output) -> int:
    """Its last axis."""
    return int(tensor.partial_shape[-1].get_length())


def _basis_of(network: ov.Model) -> str:
    return fact(network, "basis") or load_basis(released_file(FILES["basis"])).name
