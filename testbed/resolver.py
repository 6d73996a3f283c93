"""The private engine's name server: dnsmasq, which caches the answers of the machine's servers.

Many small builds look up the same few names again and again. Some name servers answer only about
fifty queries a second and drop the others; each dropped query delays a build by five seconds.
"""

import ipaddress
import subprocess
from pathlib import Path

from . import debian, processes, progress
from .cache import Cache

PACKAGES = {"dnsmasq-base": ("dnsmasq", "remembers the addresses of servers for the engine")}


def start(cache: Cache, address: ipaddress.IPv4Address) -> bool:
    """Serve containers at an address of the machine; if that fails, print why, return False."""
    cache.logs.mkdir(parents=True, exist_ok=True)
    command = [
        debian.find("dnsmasq") or "dnsmasq",
        "--conf-file=/dev/null",
        f"--pid-file={_record(cache)}",
        f"--log-facility={cache.logs / 'dnsmasq.log'}",
        f"--listen-address={address}",
        "--bind-interfaces",
        # As with any engine, containers don't see the machine's own /etc/hosts.
        "--no-hosts",
        # For the duration of a run; an hour is dnsmasq's maximum.
        "--min-cache-ttl=3600",
        "--neg-ttl=60",
        # Retry after 300 ms, for up to 10 s: clients give up after five seconds.
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
    """Stop the name server of a cache's engine, if it runs."""
    processes.end(lambda: processes.recorded(_record(cache), str(cache.runtime)))


def _record(cache: Cache) -> Path:
    return cache.runtime / "dnsmasq.pid"
