"""Motion: what a face does over time, free of whose face it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, is_zipfile

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.media.files import check_readable, whole_file

POSE: Final = ("yaw", "pitch", "roll", "x", "y", "log_scale")
_VERSION = 1


@dataclass(frozen=True)
class Motion:
    """Head pose and facial dynamics at 25 frames a second.

    Attributes:
        pose: (T, 6) yaw, pitch, roll in radians (to the image's right, up, clockwise);
            x, y of the head in inter-ocular distances (right, down) and log scale, both
            against where and how large the head was at the start.
        dynamics: (T, D) coordinates in the basis, 0 for the neutral face.
        basis: the name of the basis of the dynamics.

    Raises:
        ValueError: if the shapes do not fit each other or a value is not finite.
    """

    pose: NDArray[np.float32]
    dynamics: NDArray[np.float32]
    basis: str

    def __post_init__(self) -> None:
        pose, dynamics = self.pose, self.dynamics
        if pose.ndim != 2 or pose.shape[1] != len(POSE):
            raise ValueError(f"pose must be (T, {len(POSE)}), not {pose.shape}")
        if dynamics.ndim != 2 or len(dynamics) != len(pose):
            raise ValueError(f"dynamics must be ({len(pose)}, D), not {dynamics.shape}")
        if not (np.isfinite(pose).all() and np.isfinite(dynamics).all()):
            raise ValueError("pose and dynamics must be finite numbers")

    def __len__(self) -> int:
        return len(self.pose)

    def __getitem__(self, frames: slice) -> "Motion":
        return Motion(self.pose[frames], self.dynamics[frames], self.basis)

    @staticmethod
    def joined(parts: Sequence["Motion"]) -> "Motion":
        """Motions one after the other; at least one."""
        return Motion(
            np.concatenate([part.pose for part in parts]),
            np.concatenate([part.dynamics for part in parts]),
            parts[0].basis,
        )

    def about(self, pose: NDArray[np.float32]) -> "Motion":
        """The same movement about another middle: the median pose becomes `pose` (6,)."""
        middle = np.median(self.pose, axis=0)
        moved = (self.pose - middle + pose).astype(np.float32)
        return Motion(moved, self.dynamics, self.basis)

    def save(self, path: str | Path) -> None:
        """Write an .npz file.

        Raises:
            GiocondaError: if the file cannot be written.
        """
        with whole_file(path, (".npz",)) as partial, open(partial, "wb") as file:
            np.savez(
                file, version=_VERSION, basis=self.basis, pose=self.pose, dynamics=self.dynamics
            )

    @staticmethod
    def load(path: str | Path) -> "Motion":
        """Read a file that `save` wrote.

        Raises:
            GiocondaError: if the file is missing, is not a motion file or has another version.
        """
        check_readable(Path(path))
        try:
            if not is_zipfile(path):
                raise BadZipFile("no .npz archive")
            with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                version = int(file["version"])
                if version != _VERSION:
                    raise GiocondaError(
                        f"{path} is a motion file of version {version}, this Gioconda reads "
                        f"version {_VERSION}; track the video again"
                    )
                pose, dynamics = (file[k].astype(np.float32) for k in ("pose", "dynamics"))
                if not len(pose):
                    raise GiocondaError(f"{path} has no frames; track the video again")
                return Motion(pose, dynamics, str(file["basis"]))
        except (ValueError, KeyError, OSError, EOFError, TypeError, BadZipFile) as error:
            raise GiocondaError(
                f"{path} is not a motion file ({error}); make one with 'gioconda track' or "
                "'gioconda motion'"
            ) from error
