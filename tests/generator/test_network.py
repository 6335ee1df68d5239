"""The network's contract with the file that comes with the package."""

import numpy as np

from gioconda.face.basis import released_basis
from gioconda.generator.network import (
    CONVOLVED,
    HISTORY,
    LEADING,
    Channels,
    Conditions,
    released_network,
)


def test_slices_cover_a_frame_once_and_in_order() -> None:
    channels = Channels(released_basis())
    parts = (channels.pose, channels.gaze, channels.upper)
    for parts_, count in ((parts, channels.count), (Conditions.BY_NAME.values(), Conditions.COUNT)):
        covered = np.concatenate([np.arange(count)[part] for part in parts_])
        assert covered.tolist() == list(range(count))


def test_the_released_file_has_the_tensors_that_the_contract_names() -> None:
    network, count = released_network(), Channels(released_basis()).count
    first = {port.any_name: tuple(port.shape) for port in network.first.inputs}
    assert first["history"] == (LEADING + 1, count)
    assert first["given"] == (2, len(Conditions.BY_NAME))
    assert first["conditions"] == (2, Conditions.COUNT)
    assert first["cached"] == (HISTORY,)
    assert first["inner"][-2] == CONVOLVED
    assert [port.any_name for port in network.again.inputs] == [*first][1:]
    assert tuple(network.again.input("conditions").shape) == (Conditions.COUNT,)
    made = [port.any_name for port in network.first.outputs]
    assert made == ["residual", "expected", "scale", "key", "value", "inner_latest"]
