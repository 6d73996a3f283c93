"""The engine that all image tests use."""

import re
import subprocess

# Whatever the gateway answers, by then its hardware address is known.
LOOK = r"""
while read -r _ destination hex _; do
  [ "$destination" = 00000000 ] && break
done </proc/net/route
gateway=$((16#${hex:6:2})).$((16#${hex:4:2})).$((16#${hex:2:2})).$((16#${hex:0:2}))
(: <"/dev/tcp/$gateway/1") 2>/dev/null
grep "^$gateway " /proc/net/arp
"""


def test_each_container_has_the_same_gateway() -> None:
    """A bridge without an address of its own takes a container's, and cuts off all others with it.

    They send to the one that they know until they ask again, which takes up to a minute.
    """
    first, second = gateway(), gateway()
    assert re.fullmatch(r"\S+ .* (?!00:00)[0-9a-f:]{17} .*\n", first)
    assert second == first


def gateway() -> str:
    """Return what a new container knows about its gateway: its IP and hardware addresses."""
    command = ("docker", "run", "--rm", "--pull=never", "debian:trixie-slim", "bash", "-c", LOOK)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
