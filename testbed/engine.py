"""The container engine: an existing one, or a private one from Debian's packages."""

import contextlib
import fcntl
import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import debian, processes, programs, progress, resolver
from .cache import Cache
from .errors import TestbedError

# HEALTHCHECK --start-interval, which every rendered Dockerfile uses, came with engine 25.
MINIMUM_MAJOR = 25
ANSWER_SECONDS = 20
START_SECONDS = 60
STOP_SECONDS = 30
TIDY_SECONDS = 300
UNUSED = "24h"
# Layers in the build cache: a run of all tests takes less time, and uses about 20 GB.
KEPT = {"filter": ["type=regular", "unused-for=2h"], "keepStorage": "30GB"}
# The images that dockgen and its tests make, and remove unless they are killed.
LEFT_BEHIND = ("dockgen-check:", "dockgen-test:", "dockgen-test-")

SYSTEM_PACKAGES = {
    "runc": ("runc", "starts containers; newer ones need a newer libc than this system may have"),
    "iptables": ("iptables", "lets containers reach the network"),
    "iproute2": ("ip", "makes the engine's own network bridge"),
    "strace": ("strace", "tells the tests which programs dockgen starts"),
    "openssh-client": ("ssh", "leads a test to an engine elsewhere"),
}


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    `environment`: the variables to reach it; empty for an existing engine.
    """

    version: str
    private: bool
    environment: Mapping[str, str]

    def variables(self) -> dict[str, str]:
        """Return the whole environment for a program that uses this engine."""
        return {**os.environ, **self.environment}

    def answer(self, *arguments: str, seconds: float = ANSWER_SECONDS) -> str | None:
        """Return what `docker …` prints, or None if it fails or takes longer."""
        return _answer(arguments, self.variables(), seconds)

    def image_id(self, name: str) -> str | None:
        """Return the id of an image, or None if the engine doesn't have it."""
        return self.answer("image", "inspect", "--format", "{{.Id}}", name)


def _answer(arguments: tuple[str, ...], env: Mapping[str, str], seconds: float) -> str | None:
    docker = shutil.which("docker", path=env.get("PATH"))
    if docker is None:
        return None
    try:
        done = subprocess.run(
            [docker, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=env,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):  # OSError: a docker for another architecture
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def check_version(version: str) -> None:
    """Raise TestbedError for an engine older than MINIMUM_MAJOR."""
    match = re.match(r"(\d+)\.", version)
    if match is None:
        raise TestbedError(
            f"the engine gives no version that can be read: {version!r}",
            "docker version",
        )
    if int(match[1]) < MINIMUM_MAJOR:
        raise TestbedError(
            f"the engine is version {version}; the generated projects need {MINIMUM_MAJOR} or later"
            " (older ones do not know HEALTHCHECK --start-interval)",
            "update the engine, or stop it so that a private one is started",
        )


def find(environment: Mapping[str, str] = os.environ) -> Engine | None:
    """Return the engine that answers in this environment, checked, or None."""
    version = _answer(("version", "--format", "{{.Server.Version}}"), environment, ANSWER_SECONDS)
    if not version:
        return None
    check_version(version)
    for plugin in ("buildx", "compose"):
        if _answer((plugin, "version"), environment, ANSWER_SECONDS) is None:
            raise TestbedError(
                f"an engine answers, but `docker {plugin}` does not",
                f"install docker's {plugin} plugin",
            )
    return Engine(version, private=False, environment={})


def program_folders(cache: Cache) -> str:
    """Return the private engine's part of PATH."""
    return ":".join(str(cache.programs / "usr" / folder) for folder in ("bin", "sbin"))


def private_environment(cache: Cache) -> dict[str, str]:
    """Return the variables to reach the private engine of a cache."""
    system = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    return {
        "DOCKER_HOST": f"unix://{cache.runtime / 'docker.sock'}",
        "DOCKER_CONFIG": str(cache.client),
        # Debian keeps iptables in /usr/sbin, which isn't on every user's PATH.
        "PATH": f"{program_folders(cache)}:{system}:/usr/sbin:/sbin",
    }


def find_private(cache: Cache) -> Engine | None:
    """Return the private engine of this cache if it runs and answers."""
    if not (cache.runtime / "docker.sock").exists():
        return None
    environment = private_environment(cache)
    version = _answer(
        ("version", "--format", "{{.Server.Version}}"),
        {**os.environ, **environment},
        ANSWER_SECONDS,
    )
    return Engine(version, private=True, environment=environment) if version else None


def start(cache: Cache) -> Engine:
    """Fetch the private engine if needed, and start it. The caller must hold the cache's lock."""
    if os.geteuid() != 0 or not debian.is_debian():
        raise TestbedError(
            "no container engine answers, and a private one needs root on Debian",
            "start Docker Engine 25 or later, or try `docker version` to see why it is not found",
        )
    debian.require(cache, SYSTEM_PACKAGES | resolver.PACKAGES)
    programs.fetch(cache)
    stop(cache)  # from a killed run
    _mount_control_groups()
    cache.runtime.mkdir(parents=True, exist_ok=True)
    network = _add_network(cache)
    answers = resolver.start(cache, network[1])
    settings = _write_settings(cache, network, [str(network[1])] if answers else [])
    began = time.monotonic()
    process = _start_daemon(cache, settings)
    while (engine := find_private(cache)) is None:
        if process.poll() is not None or time.monotonic() - began > START_SECONDS:
            lines = progress.tail(cache.logs / "dockerd.log")
            for line in lines:
                progress.say(f"  | {line}")
            stop(cache)
            raise TestbedError(
                "the private engine does not start",
                f"the whole log: less {cache.logs / 'dockerd.log'}",
            )
        time.sleep(0.2)
    check_version(engine.version)
    _remove_containers(engine)  # of an engine that was killed
    tidy(engine)
    progress.say(f"the private engine {engine.version} answers at {cache.runtime / 'docker.sock'}")
    return engine


def _mount_control_groups() -> None:
    groups = Path("/sys/fs/cgroup")
    if not any(groups.iterdir()):
        progress.say(f"mounting the control groups on {groups}: nothing else has")
        subprocess.run(["mount", "-t", "cgroup2", "none", str(groups)], check=True)


def _write_settings(cache: Cache, network: ipaddress.IPv4Network, servers: list[str]) -> Path:
    """Write the engine's settings; without `servers`, containers use the machine's name servers."""
    pool = list(network.subnets(new_prefix=17))[1]
    settings = {
        "hosts": [f"unix://{cache.runtime / 'docker.sock'}"],
        "data-root": str(cache.data),
        "exec-root": str(cache.runtime / "exec"),
        "pidfile": str(cache.runtime / "dockerd.pid"),
        "bridge": cache.name,
        "default-address-pools": [{"base": str(pool), "size": 24}],
        # Every dockerd rewrites the same chains. The three rules below don't affect another
        # engine's. Published ports go through docker-proxy.
        "iptables": False,
        "ip6tables": False,
        # Provenance, OCI output and rewritten timestamps exist only in this image store.
        "features": {"containerd-snapshotter": True},
        # A builder that runs out of space removes recent results during a run. It builds them
        # again, and a test of the cache fails. So recent layers and cache mounts are kept. `tidy`
        # frees more space when an engine starts.
        "builder": {"gc": {"enabled": True, "policy": [KEPT]}},
        "shutdown-timeout": 5,
    }
    if servers:
        settings["dns"] = servers
    file = cache.runtime / "daemon.json"
    file.write_text(json.dumps(settings, indent=2) + "\n")
    plugins = cache.client / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in ("docker-buildx", "docker-compose"):
        (plugins / plugin).unlink(missing_ok=True)
        (plugins / plugin).symlink_to(cache.programs / "usr/libexec/docker/cli-plugins" / plugin)
    (cache.client / "config.json").write_text(json.dumps(_client_settings()) + "\n")
    return file


def _client_settings() -> dict[str, object]:
    """Return the client's settings: containers need the proxy in the environment, too."""
    proxies: dict[str, str] = {}
    names = {"httpProxy": "http_proxy", "httpsProxy": "https_proxy", "noProxy": "no_proxy"}
    for key, name in names.items():
        if value := os.environ.get(name) or os.environ.get(name.upper()):
            proxies[key] = value
    return {"proxies": {"default": proxies}} if proxies else {}


def _start_daemon(cache: Cache, settings: Path) -> subprocess.Popen[bytes]:
    cache.logs.mkdir(parents=True, exist_ok=True)
    # With Go's default, dockerd spent a sixth of its time on garbage collection. Its child
    # processes inherit this: containerd, but no container.
    environment = {**os.environ, **private_environment(cache), "GOGC": "400"}
    with (cache.logs / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(
            [cache.programs / "usr/sbin/dockerd", "--config-file", settings],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the run, which then ends the engine.
        )
    (cache.runtime / "started.pid").write_text(str(process.pid))
    return process


def _daemon(cache: Cache) -> int | None:
    """Return the process id of the private dockerd, or None if it isn't running."""
    return processes.recorded(cache.runtime / "started.pid", str(cache.runtime / "daemon.json"))


def stop(cache: Cache) -> None:
    """End the private engine, and remove its containers, bridges, rules and mounts."""
    if not cache.runtime.exists():
        return
    engine = find_private(cache) if _daemon(cache) else None
    if engine is not None:
        _remove_containers(engine)
    processes.end(lambda: _daemon(cache))
    # dockerd ends its child processes, unless it was killed.
    processes.end(lambda: _containerd(cache))
    _kill_containers(cache)
    resolver.stop(cache)
    _unmount(cache.runtime)
    _unmount(cache.data)
    _remove_network(cache)
    shutil.rmtree(cache.runtime, ignore_errors=True)


def _remove_containers(engine: Engine) -> None:
    containers = (engine.answer("ps", "--all", "--quiet") or "").split()
    if containers:
        engine.answer("rm", "--force", "--volumes", *containers, seconds=STOP_SECONDS)
    engine.answer("network", "prune", "--force", seconds=STOP_SECONDS)


def tidy(engine: Engine) -> None:
    """Remove what killed runs left behind, and images and build cache older than a day.

    Cache mounts stay: filling them takes minutes, and no test depends on their content.
    """
    images = engine.answer("images", "--format", "{{.Repository}}:{{.Tag}}") or ""
    if left := [name for name in images.split() if name.startswith(LEFT_BEHIND)]:
        engine.answer("rmi", "--force", *left, seconds=TIDY_SECONDS)
    engine.answer("volume", "prune", "--all", "--force", seconds=TIDY_SECONDS)
    for what in ("image", "builder"):
        arguments = (what, "prune", "--force", "--filter", f"until={UNUSED}")
        engine.answer(*arguments, seconds=TIDY_SECONDS)


def _containerd(cache: Cache) -> int | None:
    file = cache.runtime / "exec/containerd/containerd.pid"
    return processes.recorded(file, str(cache.runtime))


def _kill_containers(cache: Cache) -> None:
    """Kill the containers of the private engine's shims, and the shims."""
    shims: set[int] = set()
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended already
        children.setdefault(parent, []).append(pid)
        if processes.alive(pid, f"{cache.runtime}/exec/containerd/containerd.sock"):
            shims.add(pid)
    for shim in shims:
        for pid in (*children.get(shim, ()), shim):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _unmount(folder: Path) -> None:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    inside = [p for p in points if Path(p).is_relative_to(folder)]
    for point in sorted(inside, reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False)


# ---- network: a bridge, a /16 of its own, three rules ----------------------------------------


def free_network(routes: list[str]) -> ipaddress.IPv4Network:
    """Return the first 10.x.0.0/16 from 10.201 on that overlaps none of the machine's routes."""
    used = [ipaddress.ip_network(route, strict=False) for route in routes]
    for number in range(201, 255):
        network = ipaddress.IPv4Network(f"10.{number}.0.0/16")
        if not any(network.overlaps(route) for route in used if route.prefixlen > 0):
            return network
    raise TestbedError("no free network from 10.201.0.0/16 to 10.254.0.0/16", "ip route")


def _ip(*arguments: str) -> str:
    done = subprocess.run(
        [debian.find("ip") or "ip", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise TestbedError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _add_network(cache: Cache) -> ipaddress.IPv4Network:
    # The engine remembers its last network, which another one may use by now.
    shutil.rmtree(cache.data / "network", ignore_errors=True)
    # Two engines that start at once must not choose the same network.
    with (cache.runtime.parent / "network.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        # The first word of each line is the destination: "default", an address or a network.
        routes = [line.split()[0] for line in _ip("-4", "route", "show").splitlines() if line]
        network = free_network([route for route in routes if route[0].isdigit()])
        (cache.runtime / "network").write_text(str(network))
        # Without an address of its own, a bridge takes that of one of its containers, and a new one
        # when that container ends: for up to a minute, the others would use the old one.
        hardware = network[1].packed.hex(":")
        _ip("link", "add", "name", cache.name, "address", f"02:42:{hardware}", "type", "bridge")
        _ip("address", "add", f"{network[1]}/17", "dev", cache.name)
        _ip("link", "set", cache.name, "up")
    for rule in _rules(network):
        _iptables("-I", rule)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    return network


def _rules(network: ipaddress.IPv4Network) -> list[list[str]]:
    inside = str(network)
    return [
        ["FORWARD", "-s", inside, "-j", "ACCEPT"],
        ["FORWARD", "-d", inside, "-j", "ACCEPT"],
        ["POSTROUTING", "-t", "nat", "-s", inside, "!", "-d", inside, "-j", "MASQUERADE"],
    ]


def _iptables(action: str, rule: list[str]) -> None:
    command = [debian.find("iptables") or "iptables", "-w", action, *rule]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and action != "-D":
        raise TestbedError(f"{' '.join(command)}: {done.stderr.strip()}")


def _remove_network(cache: Cache) -> None:
    file = cache.runtime / "network"
    if not file.exists():
        return
    network = ipaddress.IPv4Network(file.read_text())
    for rule in _rules(network):
        _iptables("-D", rule)
    # The engine's own bridge, and those that an interrupted `docker compose` left.
    for line in _ip("-o", "-4", "address", "show").splitlines():
        _, device, _, address = line.split()[:4]
        if device == cache.name or ipaddress.ip_interface(address).ip in network:
            _ip("link", "delete", device)
