"""Which ports a process listens on, according to /proc/net/tcp and tcp6."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

# TCP_LISTEN in Linux.
_LISTENS = "0A"
# Docker's own DNS resolver, in user-defined networks.
_RESOLVER = "127.0.0.11"


@dataclass(frozen=True, order=True)
class Listener:
    """A listening port and its address: "0.0.0.0" and "::" stand for all addresses of a family."""

    port: int
    address: str

    @property
    def is_local(self) -> bool:
        """Whether only the container itself can reach it."""
        return ipaddress.ip_address(self.address).is_loopback

    def __str__(self) -> str:
        """The usual notation: [::]:8080."""
        return (
            f"[{self.address}]:{self.port}"
            if ":" in self.address
            else f"{self.address}:{self.port}"
        )


def listeners(*tables: str) -> tuple[Listener, ...]:
    """Parse the kernel's tables: the content of /proc/net/tcp and, if there is one, tcp6."""
    return tuple(sorted({found for table in tables for found in _listeners(table)}))


def _listeners(table: str) -> Iterator[Listener]:
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[3] == _LISTENS:
            address, _, port = words[1].partition(":")
            found = Listener(int(port, 16), _address(address))
            if found.address != _RESOLVER:
                yield found


def _address(digits: str) -> str:
    """Parse a kernel address: words of four bytes, each in this machine's byte order."""
    raw = bytes.fromhex(digits)
    words = [raw[start : start + 4][::-1] for start in range(0, len(raw), 4)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
