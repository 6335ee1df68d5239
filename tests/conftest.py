"""The bundled example, made ready once for all tests."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda import example
from gioconda.portrait import Portrait, make_portrait


@pytest.fixture(scope="session")
def photo_path() -> Path:
    return example.PHOTO


@pytest.fixture(scope="session")
def voice_path() -> Path:
    return example.VOICE


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    return example.photo()


@pytest.fixture(scope="session")
def voice() -> NDArray[np.float32]:
    return example.voice()


@pytest.fixture(scope="session")
def portrait(photo: NDArray[np.uint8]) -> Portrait:
    return make_portrait(photo, 512)


@pytest.fixture(scope="session", autouse=True)
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The local signing key and the cache of the tests are their own, not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("data")
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("GIOCONDA_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("GIOCONDA_SIGN_KEY", raising=False)
        yield folder
