"""The payload as bits: version, id and check, protected by a convolutional code."""

import numpy as np
from numpy.typing import NDArray

VERSION = 1
BITS = 44  # 4 of version, 32 of id, 8 of check
RATE = 3
CODED = RATE * BITS

_MEMORY = 6
_STATES = 1 << _MEMORY
_POLYNOMIALS = (0o133, 0o171, 0o165)  # the best of this length and rate (Larsen 1973)
# The coded bits of every register, (2 states, RATE).
_OUTPUT = np.array(
    [[(r & p).bit_count() & 1 for p in _POLYNOMIALS] for r in range(2 * _STATES)], np.uint8
)


def pack(identity: int) -> NDArray[np.uint8]:
    """The payload of an id.

    Args:
        identity: 0 to 2^32 - 1.

    Returns:
        (BITS,) bits, the most significant first.
    """
    if not 0 <= identity < 1 << 32:
        raise ValueError(f"an id of {identity}; expected 32 bits")
    body = (VERSION << 32) | identity
    return _bits((body << 8) | _check(body), BITS)


def unpack(bits: NDArray[np.uint8]) -> int | None:
    """The id in a payload; None if its check or its version is wrong."""
    number = int("".join(str(int(bit)) for bit in bits), 2)
    body, check = number >> 8, number & 0xFF
    if check != _check(body) or body >> 32 != VERSION:
        return None
    return body & 0xFFFFFFFF


def encode(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tail-biting convolutional code: (BITS,) to (CODED,) bits, RATE for each."""
    return np.asarray(_OUTPUT[_registers(bits)].reshape(-1), np.uint8)


def decode(soft: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The likeliest payload (Viterbi 1967, run three times around the tail-biting trellis).

    Args:
        soft: (CODED,) positive where a 1 is likely, negative where a 0 is.

    Returns:
        (BITS,) bits.
    """
    gains = np.tile(soft.reshape(BITS, RATE) @ (2.0 * _OUTPUT.T - 1), (3, 1))  # (3 BITS, 2 states)
    score = np.zeros(_STATES)
    choices = np.empty((len(gains), _STATES), np.uint8)
    # A register holds the new bit on top of the six before it; its lower six are the old state.
    for step, gain in enumerate(gains):
        options = np.tile(score, 2) + gain  # by register
        pairs = options.reshape(_STATES, 2)  # registers that lead to the same new state
        choices[step] = pairs.argmax(1)
        score = pairs.max(1)
    state = int(score.argmax())
    bits = np.empty(len(gains), np.uint8)
    for step in range(len(gains) - 1, -1, -1):
        register = 2 * state + int(choices[step, state])
        bits[step] = register >> _MEMORY
        state = register & (_STATES - 1)
    return bits[BITS : 2 * BITS]


def _registers(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For each bit the register that holds it on top and the six before it below."""
    turned = [np.roll(bits, shift).astype(np.int64) << (_MEMORY - shift) for shift in range(7)]
    return np.asarray(np.sum(turned, axis=0), np.int64)


def _check(body: int) -> int:
    """CRC-8 of 36 bits (polynomial x^8 + x^2 + x + 1)."""
    remainder = 0
    for bit in _bits(body, 36):
        remainder = (remainder << 1) ^ (int(bit) << 8)
        if remainder & 0x100:
            remainder ^= 0x107
    return remainder & 0xFF


def _bits(number: int, count: int) -> NDArray[np.uint8]:
    return np.array([number >> shift & 1 for shift in range(count - 1, -1, -1)], np.uint8)
