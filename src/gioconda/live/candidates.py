"""Candidates: the addresses of an offer, to which a server sends before anybody has answered."""

from ipaddress import ip_address
from typing import Final

from aioice.ice import get_host_addresses

_MOST: Final = 16  # of a medium


def confined(sdp: str, asker: str | None) -> str:
    """An offer that makes the server send to nobody but who asks.

    Candidates elsewhere, and names, are moved to the asker's address. Where that is wrong, behind
    a router say, the asker's own checks tell the server where it is (RFC 8445, 7.3.1.3).

    Args:
        sdp: the offer.
        asker: address of the client; of this machine, it may name any of this machine.
    """
    own = {"127.0.0.1", "::1", *get_host_addresses(use_ipv4=True, use_ipv6=True)}
    allowed = own if asker in own else {asker}
    lines: list[str] = []
    seen: set[tuple[str, ...]] = set()
    for line in sdp.splitlines():
        if line.startswith("m="):
            seen = set()
        parts = line.split()
        if not line.startswith("a=candidate:") or len(parts) < 6:
            lines.append(line)
            continue
        if asker is not None and _plain(parts[4]) not in allowed:
            parts[4] = asker
        place = tuple(parts[1:3] + parts[4:6])
        if asker is not None and place not in seen and len(seen) < _MOST:
            lines.append(" ".join(parts))
            seen.add(place)
    return "\r\n".join([*lines, ""])


def _plain(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address
