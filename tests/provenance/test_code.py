import numpy as np
import pytest

from gioconda.provenance.code import BITS, CODED, decode, encode, pack, unpack

IDS = [0, 1, 0x24D73C1A, 0xFFFFFFFF]


@pytest.mark.parametrize("identity", IDS)
def test_an_id_comes_back_through_noise(identity):
    coded = 2.0 * encode(pack(identity)) - 1
    rng = np.random.default_rng(identity)
    assert unpack(decode(coded + rng.normal(0, 0.7, CODED))) == identity


def test_many_wrong_bits_are_put_right():
    coded = encode(pack(77))
    coded[::11] ^= 1  # 12 of 132
    assert unpack(decode(2.0 * coded - 1)) == 77


def test_a_wrong_check_or_version_is_no_id():
    bits = pack(77)
    for place in (0, BITS - 1):
        wrong = bits.copy()
        wrong[place] ^= 1
        assert unpack(wrong) is None


@pytest.mark.parametrize("identity", [-1, 1 << 32])
def test_an_id_has_32_bits(identity):
    with pytest.raises(ValueError, match="32 bits"):
        pack(identity)
