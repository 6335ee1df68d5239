"""The weights of net and critic alone, with which another training can start."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from gioconda.errors import GiocondaError


def write_weights(file: Path, net: nn.Module, critic: nn.Module) -> None:
    """Write what both have learned, in 16 bits."""
    both = nn.ModuleDict({"net": net, "critic": critic})
    weights = {name: part.half() for name, part in both.state_dict().items()}
    save_file({name: part.contiguous() for name, part in weights.items()}, file)


def read_weights(file: Path, net: nn.Module, average: nn.Module, critic: nn.Module) -> None:
    """Give them what `write_weights` wrote.

    Raises:
        GiocondaError: if it is no such file.
    """
    try:
        weights = load_file(file)
        for part in (net, average):
            nn.ModuleDict({"net": part, "critic": critic}).load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise GiocondaError(f"{file} holds no weights of the renderer ({error})") from error
