"""The private engine's name server: dnsmasq, which remembers what the machine's servers said.

Many small builds ask for the same few names again and again. Some name servers answer no more than
some fifty questions a second and drop the others; each one dropped lets a build wait for five
seconds.
"""

import ipaddress
import subprocess
from pathlib import Path

from . import debian, processes, progress
from .cache import Cache

PACKAGES = {"dnsmasq-base": ("dnsmasq", "remembers the addresses of servers for the engine")}


def start(cache: Cache, address: ipaddress.IPv4Address) -> bool:
    """Answer containers at an address of the machine; False, and a line, where that can't be."""
    cache.logs.mkdir(parents=True, exist_ok=True)
    command = [
        debian.find("dnsmasq") or "dnsmasq",
        "--conf-file=/dev/null",
        f"--pid-file={_record(cache)}",
        f"--log-facility={cache.logs / 'dnsmasq.log'}",
        f"--listen-address={address}",
        "--bind-interfaces",
        # As with any engine, containers don't see the machine's own list of hosts.
        "--no-hosts",
        # For the time of a run; an hour is the longest that dnsmasq takes.
        "--min-cache-ttl=3600",
        "--neg-ttl=60",
        # Ask again after 300 ms, for up to 10 s: the clients' own patience is five seconds.
        "--fast-dns-retry=300,10000",
    ]
    # It goes into the background by itself, once it listens.
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return True
    reason = done.stderr.strip() or f"dnsmasq ended with {done.returncode}"
    progress.say(f"containers ask the machine's name servers themselves: {reason}")
    return False


def stop(cache: Cache) -> None:
    """End the name server of a cache's engine, if it runs."""
    processes.end(lambda: processes.recorded(_record(cache), str(cache.runtime)))


def _record(cache: Cache) -> Path:
    return cache.runtime / "dnsmasq.pid"
