"""A compose file as data: what it reaches on this machine, and how to run it isolated.

Pure functions: they take the model that `docker compose config` prints, and return reasons or
another model. https://github.com/compose-spec/compose-spec/blob/main/spec.md
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockgen.errors import ProjectError

Model = Mapping[str, Any]

# The usual names, in the order in which `docker compose` looks for them.
NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
# The service that dockgen renders.
MAIN = "app"

# Docker gives these capabilities to a container that asks for none.
# https://docs.docker.com/engine/security/#linux-kernel-capabilities
_USUAL_CAPABILITIES = {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
}
# Affects only the container, and is kept as it is.
_KEPT = {
    *("annotations", "attach", "cap_drop", "command", "cpu_count", "cpu_percent", "cpu_period"),
    *("cpu_quota", "cpu_shares", "cpus", "cpuset", "depends_on", "dns", "dns_opt", "dns_search"),
    *("domainname", "entrypoint", "environment", "expose", "extra_hosts", "group_add"),
    *("healthcheck", "hostname", "image", "init", "labels", "links", "mem_limit"),
    *("mem_reservation",),
    *("mem_swappiness", "memswap_limit", "oom_score_adj", "pids_limit", "platform", "profiles"),
    *("pull_policy", "read_only", "shm_size", "stdin_open", "stop_grace_period", "stop_signal"),
    *("sysctls", "tmpfs", "tty", "ulimits", "user", "working_dir"),
}
# Would clash with something of the user's, or means nothing for a check.
_LEFT_OUT = {
    *("container_name", "develop", "external_links", "logging", "mac_address", "restart", "scale"),
}
# Examined below.
_LOOKED_INTO = {
    *("build", "cap_add", "configs", "deploy", "env_file", "ipc", "network_mode", "networks"),
    *("pid", "ports", "post_start", "pre_stop", "privileged", "secrets", "security_opt"),
    *("userns_mode", "uts", "volumes", "volumes_from"),
}
# What another service is, where it stands for a network or a build context.
_OF_SERVICE = "service:"
_KEPT_OF_NETWORK = ("internal", "enable_ipv4", "enable_ipv6")


@dataclass(frozen=True)
class Change:
    """How a run differs from the compose file.

    ``image`` replaces the image that would be built; None keeps what the file says. ``port`` is the
    port of the main service; it is published even if the file doesn't publish it. ``environment``
    is added to the main service's, and ``memory_mb``, in MiB, replaces its limit.
    """

    image: str | None = None
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int | None = None


def find(directory: Path) -> list[Path]:
    """Return the compose files that `docker compose` uses in ``directory``: one, and its override.

    Empty if there is none.
    """
    found = []
    for names in (NAMES, OVERRIDES):
        found += [directory / name for name in names if (directory / name).exists()][:1]
    return found if found and found[0].name in NAMES else []


def main_service(model: Model, asked: str | None = None) -> str:
    """Return the service to check: the given one, the one called app, or the first built one.

    Raises:
        ProjectError: it doesn't exist, or no service is built.
    """
    services: Mapping[str, Any] = model.get("services") or {}
    if asked is not None:
        if asked not in services:
            raise ProjectError(
                f"compose.yaml has no service {asked}",
                f"services: {', '.join(sorted(services)) or 'none'}",
            )
        return asked
    if MAIN in services:
        return MAIN
    built = [name for name, service in services.items() if service.get("build")]
    if not built:
        raise ProjectError(
            f"compose.yaml has no service with build:, and none called {MAIN}",
            "add build: . to the service to check, or use: --service NAME",
        )
    return built[0]


def contexts(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a service's build gets beside its folder, by name."""
    return (service.get("build") or {}).get("additional_contexts") or {}


def needed(model: Model, main: str) -> list[str]:
    """Return the service ``main``, and what it depends on or is built from, also indirectly."""
    services, found = model["services"], [main]
    for name in found:
        places = contexts(services[name]).values()
        wanted = [*(services[name].get("depends_on") or {})]
        wanted += [str(one).removeprefix(_OF_SERVICE) for one in places if _is_service(one)]
        found += [
            other for other in dict.fromkeys(wanted) if other in services and other not in found
        ]
    return found


def reaches(model: Model, main: str, directory: Path, sources: Path | None = None) -> list[str]:
    """Return what a run would reach on this machine outside ``directory``, one reason each.

    This covers bind mounts and secrets from elsewhere, the host's namespaces, devices, more rights
    than an ordinary container has, programs that compose starts, and every key that isn't known
    here. A build may read all of ``sources``, a parent folder: that of the repository.
    """
    root, found = directory.resolve(), []
    around = root if sources is None else sources.resolve()
    for name in needed(model, main):
        reasons = _service(model["services"][name], model, root, around)
        found += [f"{name}: {reason}" for reason in reasons]
    return list(dict.fromkeys(found))


def _service(service: Mapping[str, Any], model: Model, root: Path, sources: Path) -> Iterator[str]:
    known = _KEPT | _LEFT_OUT | _LOOKED_INTO
    for key in sorted(service.keys() - known):
        if service[key] not in (None, False, "", [], {}):
            yield f"uses {key}"
    if service.get("privileged"):
        yield "is privileged"
    for capability in service.get("cap_add") or ():
        if str(capability).upper().removeprefix("CAP_") not in _USUAL_CAPABILITIES:
            yield f"adds the capability {capability}"
    for key in ("network_mode", "pid", "ipc", "uts", "userns_mode"):
        value = str(service.get(key) or "")
        if value == "host" or value.startswith("container:"):
            yield f"uses {key}: {value}"
    for option in service.get("security_opt") or ():
        if str(option).replace("=", ":") not in ("no-new-privileges:true", "no-new-privileges"):
            yield f"sets the security option {option}"
    for hook in (*(service.get("post_start") or ()), *(service.get("pre_stop") or ())):
        if hook.get("privileged"):
            yield "has a privileged hook"
    for other in service.get("volumes_from") or ():
        if str(other).startswith("container:"):
            yield f"takes volumes from {other}"
    if _reserves_devices(service):
        yield "reserves devices"
    for file in service.get("env_file") or ():
        if path := _outside(file.get("path") if isinstance(file, Mapping) else file, root):
            yield f"reads {path}"
    yield from _mounts(service, model, root)
    yield from _files(service, model, root)
    build = service.get("build") or {}
    yield from _build(build, model, root, sources)


def _mounts(service: Mapping[str, Any], model: Model, root: Path) -> Iterator[str]:
    for mount in service.get("volumes") or ():
        if mount.get("type") == "bind":
            if path := _outside(mount.get("source"), root):
                yield f"mounts {path}"
        elif mount.get("type") == "volume":
            volume = (model.get("volumes") or {}).get(mount.get("source")) or {}
            if volume.get("driver") not in (None, "local") or volume.get("driver_opts"):
                yield f"uses the volume {mount.get('source')}, which has its own driver"
        elif mount.get("type") not in ("tmpfs", "image"):
            yield f"mounts a {mount.get('type')}"


def _files(service: Mapping[str, Any], model: Model, root: Path) -> Iterator[str]:
    """Yield secrets and configs that come from files elsewhere, or from this environment."""
    for kind in ("secrets", "configs"):
        for entry in service.get(kind) or ():
            yield from _file(kind, entry, model, root)


def _file(kind: str, entry: Any, model: Model, root: Path) -> Iterator[str]:
    name = entry.get("source") if isinstance(entry, Mapping) else entry
    declared = (model.get(kind) or {}).get(name) or {}
    if path := _outside(declared.get("file"), root):
        yield f"reads {path}"
    if declared.get("external"):
        yield f"uses {name} of {kind}, which is external"


def _build(build: Mapping[str, Any], model: Model, root: Path, sources: Path) -> Iterator[str]:
    context = build.get("context")
    if path := _outside(context, sources):
        yield f"builds {path}"
    elif not _is_remote(context):
        file = posixpath.join(str(context or root), build.get("dockerfile") or "Dockerfile")
        if path := _outside(file, sources):
            yield f"builds {path}"
    for other in (build.get("additional_contexts") or {}).values():
        if not _is_remote(other) and (path := _outside(other, root)):
            yield f"builds {path}"
    for entry in build.get("secrets") or ():
        yield from _file("secrets", entry, model, root)
    if build.get("ssh"):
        yield "hands your SSH agent to its build"
    if build.get("network") == "host" or build.get("privileged") or build.get("entitlements"):
        yield "builds with more rights than usual"


def _reserves_devices(service: Mapping[str, Any]) -> bool:
    reserved = ((service.get("deploy") or {}).get("resources") or {}).get("reservations") or {}
    return bool(reserved.get("devices"))


def _is_service(place: Any) -> bool:
    return str(place or "").startswith(_OF_SERVICE)


def _is_remote(place: Any) -> bool:
    """Return whether a build context is remote, or another target's result, and so not a folder."""
    text = str(place or "")
    return "://" in text or text.startswith(("git@", "github.com/", _OF_SERVICE))


def _outside(path: Any, root: Path) -> Path | None:
    """Return the resolved path if it leads out of ``root``; else None, also if it is no path."""
    if not path or _is_remote(path):
        return None
    resolved = (root / Path(str(path)).expanduser()).resolve()
    return None if resolved.is_relative_to(root) else resolved


def mounted(model: Model, main: str) -> list[str]:
    """Return the files and folders on this machine that the run mounts, secrets included."""
    found = [mount["source"] for mount in _binds(model, main)]
    for kind in ("secrets", "configs"):
        for name in needed(model, main):
            for entry in model["services"][name].get(kind) or ():
                source = entry.get("source") if isinstance(entry, Mapping) else entry
                found.append(((model.get(kind) or {}).get(source) or {}).get("file"))
    return [path for path in dict.fromkeys(found) if path]


def written_folders(model: Model, main: str) -> list[str]:
    """Return the files and folders on this machine that the run could write to."""
    return [mount["source"] for mount in _binds(model, main) if not mount.get("read_only")]


def _binds(model: Model, main: str) -> list[Mapping[str, Any]]:
    mounts = [m for n in needed(model, main) for m in model["services"][n].get("volumes") or ()]
    return [mount for mount in mounts if mount.get("type") == "bind"]


def apart(
    model: Model,
    main: str,
    change: Change,
    tags: Mapping[str, str],
    copies: Mapping[str, str],
    address: str = "127.0.0.1",
) -> dict[str, Any]:
    """Return the model of an isolated run: it shares no name, port, network or volume.

    The run gets its own, empty networks and volumes. Services that ``main`` doesn't depend on are
    left out. The port of ``main`` is published at a free port.

    Args:
        model: as `docker compose config` prints it.
        main: the service to check.
        change: how this run differs.
        tags: the names of built images, by service.
        copies: replacements for `written_folders`, by path.
        address: where ports are published; "" for all addresses.
    """
    names = needed(model, main)
    # Another service may use a built image under its original name.
    built = {model["services"][name].get("image", name): tag for name, tag in tags.items()}
    if change.image is not None:
        built[model["services"][main].get("image", main)] = change.image
    services = {}
    for name in names:
        kept = {k: v for k, v in model["services"][name].items() if k not in _LEFT_OUT}
        kept |= {"restart": "no", "ports": []}
        kept["networks"] = _attachments(
            kept.get("networks"), model["services"][name].get("container_name")
        )
        if kept.get("network_mode"):
            del kept["networks"]
        if kept.get("depends_on"):
            # One of another profile needn't be there.
            kept["depends_on"] = {k: v for k, v in kept["depends_on"].items() if k in names}
        if name in tags:
            kept["image"] = tags[name]
        elif image := built.get(kept.get("image")):
            kept |= {"image": image, "pull_policy": "never"}
        if kept.get("deploy"):
            kept["deploy"] = {"resources": kept["deploy"].get("resources") or {}}
        if kept.get("volumes"):
            kept["volumes"] = [
                {**mount, "source": copies.get(mount.get("source"), mount.get("source"))}
                if mount.get("type") == "bind"
                else mount
                for mount in kept["volumes"]
            ]
        services[name] = kept
    own = services[main]
    ports = {port["target"]: port for port in model["services"][main].get("ports") or ()}
    if change.port is not None:
        ports.setdefault(change.port, {"target": change.port})
    # Who shares the network of another service has its ports there.
    shared = str(own.get("network_mode") or "").removeprefix(_OF_SERVICE)
    services.get(shared, own)["ports"] = [_published(port, address) for port in ports.values()]
    if change.image is not None:
        own["image"] = change.image
        own["pull_policy"] = "never"
        own.pop("build", None)
    if change.environment:
        own["environment"] = {**(own.get("environment") or {}), **change.environment}
    if change.memory_mb is not None:
        own["mem_limit"] = str(change.memory_mb * 1024**2)
        own.pop("memswap_limit", None)
        _drop_memory(own)
    found: dict[str, Any] = {"services": services}
    found["networks"] = {
        name: {key: network[key] for key in _KEPT_OF_NETWORK if key in (network or {})}
        for name, network in (model.get("networks") or {}).items()
    }
    found["volumes"] = {
        name: {key: volume[key] for key in ("driver", "driver_opts") if key in (volume or {})}
        for name, volume in (model.get("volumes") or {}).items()
    }
    for kind in ("secrets", "configs"):
        entries = model.get(kind) or {}
        found[kind] = {
            name: {key: value for key, value in entry.items() if key != "name"}
            for name, entry in entries.items()
        }
    return found


def _drop_memory(service: dict[str, Any]) -> None:
    """Remove the memory limit of a deployment's resources: compose refuses two limits."""
    if "deploy" in service:
        resources = {k: dict(v) for k, v in service["deploy"]["resources"].items()}
        for kind in resources.values():
            kind.pop("memory", None)
        service["deploy"] = {"resources": resources}


def _attachments(networks: Any, container: str | None) -> Any:
    """Return a service's networks with its names only: another run may use the addresses.

    A run can't use the name of the ``container``, but other services may look it up.
    """
    if not isinstance(networks, Mapping):
        return networks
    names = [container] if container else []
    attached = {name: [*((entry or {}).get("aliases") or ()), *names]
                for name, entry in networks.items()}  # fmt: skip
    return {name: {"aliases": aliases} if aliases else None for name, aliases in attached.items()}


def _published(port: Any, address: str) -> dict[str, Any]:
    protocol = port.get("protocol", "tcp")
    found = {"target": port["target"], "published": "0", "protocol": protocol}
    return found | ({"host_ip": address} if address else {})
