"""What a compose file reaches on this machine is reported, and a run of it is isolated."""

from pathlib import Path
from typing import Any

import pytest

from dockgen.containerfiles import composefile
from dockgen.containerfiles.composefile import Change
from dockgen.errors import ProjectError
from tests.table import table


def model(**app: Any) -> dict[str, Any]:
    """Return a compose file's model, with one service that is built in its folder."""
    return {
        "name": "user",
        "services": {"app": {"build": {"context": "."}, **app}},
        "networks": {"default": {"name": "user_default", "ipam": {}}},
    }


def bind(source: str, **more: Any) -> dict[str, Any]:
    """Return a bind mount as compose prints it."""
    return {"type": "bind", "source": source, "target": "/there", **more}


@table(
    ("app", "words"),
    [
        ({"privileged": True}, "app: is privileged"),
        ({"network_mode": "host"}, "app: uses network_mode: host"),
        ({"pid": "host"}, "app: uses pid: host"),
        ({"ipc": "container:other"}, "app: uses ipc: container:other"),
        ({"userns_mode": "host"}, "app: uses userns_mode: host"),
        ({"cap_add": ["SYS_ADMIN"]}, "app: adds the capability SYS_ADMIN"),
        ({"cap_add": ["CAP_ALL"]}, "app: adds the capability CAP_ALL"),
        ({"devices": [{"source": "/dev/kvm"}]}, "app: uses devices"),
        ({"use_api_socket": True}, "app: uses use_api_socket"),
        ({"provider": {"type": "evil"}}, "app: uses provider"),
        ({"runtime": "other"}, "app: uses runtime"),
        ({"cgroup_parent": "/"}, "app: uses cgroup_parent"),
        ({"key_of_tomorrow": 1}, "app: uses key_of_tomorrow"),
        ({"security_opt": ["seccomp=unconfined"]}, "app: sets the security option"),
        ({"volumes_from": ["container:db"]}, "app: takes volumes from container:db"),
        ({"post_start": [{"privileged": True}]}, "app: has a privileged hook"),
        ({"volumes": [bind("/")]}, "app: mounts /"),
        ({"volumes": [bind("/var/run/docker.sock")]}, "docker.sock"),
        ({"volumes": [bind("..")]}, "app: mounts"),
        ({"volumes": [{"type": "npipe", "source": "x"}]}, "app: mounts a npipe"),
        ({"env_file": [{"path": "/etc/passwd"}]}, "app: reads /etc/passwd"),
        ({"build": {"context": "/home"}}, "app: builds /home"),
        ({"build": {"context": ".", "dockerfile": "../x"}}, "app: builds"),
        ({"build": {"context": ".", "additional_contexts": {"a": "/etc"}}}, "app: builds /etc"),
        ({"build": {"context": ".", "ssh": ["default"]}}, "app: hands your SSH agent"),
        ({"build": {"context": ".", "network": "host"}}, "app: builds with more rights"),
        (
            {"deploy": {"resources": {"reservations": {"devices": [{"count": 1}]}}}},
            "app: reserves devices",
        ),
    ],
)
def test_what_reaches_out_is_named(app: dict[str, Any], words: str, tmp_path: Path) -> None:
    """Each way out of the project's folder and of an ordinary container's rights."""
    (found,) = composefile.reaches(model(**app), "app", tmp_path)
    assert words in found


def test_an_ordinary_service_reaches_nothing(tmp_path: Path) -> None:
    """Everyday features pass."""
    (tmp_path / "data").mkdir()
    app = {
        "cap_add": ["NET_BIND_SERVICE"],
        "cap_drop": ["ALL"],
        "env_file": [{"path": str(tmp_path / ".env"), "required": True}],
        "environment": {"A": "b"},
        "init": True,
        "mem_limit": "1",
        "ports": [{"target": 8080, "published": "8080"}],
        "security_opt": ["no-new-privileges:true"],
        "secrets": [{"source": "token"}],
        "tmpfs": ["/tmp:size=64m"],
        "volumes": [
            bind(str(tmp_path / "data")),
            {"type": "volume", "source": "v", "target": "/v"},
        ],
    }
    found = model(**app) | {
        "secrets": {"token": {"file": str(tmp_path / "token")}},
        "volumes": {"v": {"name": "user_v"}},
    }
    assert composefile.reaches(found, "app", tmp_path) == []


@table("kind", ["secrets", "configs"])
def test_a_file_from_elsewhere_is_named(kind: str, tmp_path: Path) -> None:
    """A secret may be any file that the user can read."""
    found = model(**{kind: [{"source": "key"}]}) | {kind: {"key": {"file": "/root/.ssh/id"}}}
    assert composefile.reaches(found, "app", tmp_path) == ["app: reads /root/.ssh/id"]


def test_a_link_that_leaves_the_folder_is_followed(tmp_path: Path) -> None:
    """A path inside of the folder may still lead out."""
    (tmp_path / "data").symlink_to("/etc")
    found = model(volumes=[bind(str(tmp_path / "data"))])
    assert composefile.reaches(found, "app", tmp_path) == ["app: mounts /etc"]


def test_a_volume_with_a_driver_of_its_own_is_named(tmp_path: Path) -> None:
    """The local driver can bind any folder."""
    options = {"type": "none", "o": "bind", "device": "/"}
    found = model(volumes=[{"type": "volume", "source": "v", "target": "/v"}])
    found["volumes"] = {"v": {"driver_opts": options}}
    assert "has its own driver" in composefile.reaches(found, "app", tmp_path)[0]


def test_only_what_the_service_needs_counts(tmp_path: Path) -> None:
    """Another service that isn't started may be what it likes; a dependency may not."""
    found = model(depends_on={"db": {"condition": "service_started"}})
    found["services"]["db"] = {"image": "db", "depends_on": {"disk": {}}}
    found["services"]["disk"] = {"image": "disk", "privileged": True}
    found["services"]["other"] = {"image": "other", "pid": "host"}
    assert composefile.needed(found, "app") == ["app", "db", "disk"]
    assert composefile.reaches(found, "app", tmp_path) == ["disk: is privileged"]


def test_a_run_meets_nothing_of_the_users(tmp_path: Path) -> None:
    """No name, port, network, volume or address is the user's own."""
    app = {
        "container_name": "mine",
        "restart": "always",
        "networks": {"default": {"ipv4_address": "10.0.0.2", "aliases": ["web"]}},
        "ports": [{"target": 8080, "published": "8080", "protocol": "tcp"}],
        "volumes": [
            {"type": "volume", "source": "v", "target": "/v"},
            bind(str(tmp_path / "data")),
            bind(str(tmp_path / "config"), read_only=True),
        ],
        "deploy": {"replicas": 3, "resources": {"limits": {"memory": "64m"}}},
    }
    found = model(**app)
    found["networks"]["default"] = {"name": "shared", "external": True}
    found["volumes"] = {"v": {"name": "precious", "external": True}}
    assert composefile.written_folders(found, "app") == [str(tmp_path / "data")]
    copies = {str(tmp_path / "data"): "/copy"}
    run = composefile.apart(found, "app", Change(), {"app": "tag"}, copies)
    own = run["services"]["app"]
    assert run["networks"] == {"default": {}}
    assert run["volumes"] == {"v": {}}
    assert "name" not in run
    assert "container_name" not in own
    assert own["restart"] == "no"
    assert own["image"] == "tag"
    assert own["networks"] == {"default": {"aliases": ["web", "mine"]}}
    assert own["ports"] == [
        {"target": 8080, "published": "0", "host_ip": "127.0.0.1", "protocol": "tcp"}
    ]
    assert own["deploy"] == {"resources": {"limits": {"memory": "64m"}}}
    sources = [mount["source"] for mount in own["volumes"]]
    assert sources == ["v", "/copy", str(tmp_path / "config")]


def test_services_find_each_other() -> None:
    """By the names of their containers, too, which a run can't have, and by their links."""
    found = model(links=["db:sql"], depends_on={"db": {}, "debug": {"required": False}})
    networks = {"default": None, "back": {"aliases": ["sql"], "ipv4_address": "10.0.0.2"}}
    found["services"]["db"] = {"image": "db", "container_name": "my-db", "networks": networks}
    run = composefile.apart(found, "app", Change(), {}, {})["services"]
    assert run["db"]["networks"] == {
        "default": {"aliases": ["my-db"]},
        "back": {"aliases": ["sql", "my-db"]},
    }
    assert run["app"]["links"] == ["db:sql"]
    # That one is in a profile, and not in the model.
    assert run["app"]["depends_on"] == {"db": {}}


def test_a_build_of_another_service_is_built_first(tmp_path: Path) -> None:
    """It is a build context, and reads what it likes only if that may be read."""
    contexts = {"base": "service:base", "image": "docker-image://alpine:3.24"}
    found = model(build={"context": ".", "additional_contexts": contexts})
    found["services"]["base"] = {"build": {"context": "/home"}}
    assert composefile.needed(found, "app") == ["app", "base"]
    assert composefile.reaches(found, "app", tmp_path) == ["base: builds /home"]


def test_ports_are_where_the_network_is() -> None:
    """That of another service, where the main one shares its network."""
    found = model(network_mode="service:vpn", depends_on={"vpn": {}})
    found["services"]["vpn"] = {"image": "vpn"}
    run = composefile.apart(found, "app", Change(port=9000), {}, {})["services"]
    assert run["app"]["ports"] == []
    assert [port["target"] for port in run["vpn"]["ports"]] == [9000]


def test_ports_are_published_where_the_engine_can_be_asked() -> None:
    """At all addresses of another machine, which has no loopback address that leads there."""
    run = composefile.apart(model(), "app", Change(port=9000), {}, {}, address="")
    assert run["services"]["app"]["ports"] == [
        {"target": 9000, "published": "0", "protocol": "tcp"}
    ]


def test_what_is_mounted_from_this_machine(tmp_path: Path) -> None:
    """Folders, secrets and configurations of the services that run, however they are named."""
    volume = {"type": "volume", "source": "v", "target": "/v"}
    found = model(volumes=[volume, bind("/a", read_only=True)], secrets=["s"],
                  configs=[{"source": "c"}, {"source": "inline"}])  # fmt: skip
    found["services"]["unused"] = {"image": "other", "volumes": [bind(str(tmp_path))]}
    found["secrets"] = {"s": {"file": "/b"}, "variable": {"environment": "X"}}
    found["configs"] = {"c": {"file": "/c"}, "inline": {"content": "x"}}
    assert composefile.mounted(found, "app") == ["/a", "/b", "/c"]


def test_an_image_takes_the_place_of_a_build() -> None:
    """That image is checked, and no registry is asked for it."""
    run = composefile.apart(model(), "app", Change(image="mine:1", port=9000), {}, {})
    own = run["services"]["app"]
    assert "build" not in own
    assert own["image"] == "mine:1"
    assert own["pull_policy"] == "never"
    assert [port["target"] for port in own["ports"]] == [9000]


def test_the_main_service() -> None:
    """The one called app, else the first that is built; with neither, the error says what to do."""
    other = {
        "services": {
            "db": {"image": "x"},
            "web": {"build": {"context": "."}},
            "app": {"image": "y"},
        }
    }
    assert composefile.main_service(other) == "app"
    del other["services"]["app"]
    assert composefile.main_service(other) == "web"
    with pytest.raises(ProjectError, match="has no service with build:"):
        composefile.main_service({"services": {"db": {"image": "x"}}})


def test_another_process_has_the_image_that_is_built() -> None:
    """It names the image of a service that is built, and would find that one's own or none."""
    services = {
        "app": {"build": {"context": "."}, "image": "shop", "depends_on": {"migrate": {}}},
        "migrate": {"image": "shop", "command": ["migrate"], "depends_on": {"db": {}}},
        "db": {"image": "postgres:17"},
    }
    model = {"services": services}
    run = composefile.apart(model, "app", Change(), {"app": "check-1-app"}, {})["services"]
    assert [run[name]["image"] for name in services] == [
        "check-1-app",
        "check-1-app",
        "postgres:17",
    ]
    assert run["migrate"]["pull_policy"] == "never"
    given = composefile.apart(model, "app", Change(image="built"), {"app": "x"}, {})["services"]
    assert [given[name]["image"] for name in services] == ["built", "built", "postgres:17"]


def test_a_build_may_read_the_sources_further_up(tmp_path: Path) -> None:
    """Those of the repository, where they are named; mounts may not."""
    folder = tmp_path / "services/api"
    folder.mkdir(parents=True)
    app = {"build": {"context": str(tmp_path), "dockerfile": "services/api/Dockerfile"}}
    model = {"services": {"app": app}}
    assert composefile.reaches(model, "app", folder) == [f"app: builds {tmp_path.resolve()}"]
    assert composefile.reaches(model, "app", folder, tmp_path) == []
    mounted = {"services": {"app": app | {"volumes": [{"type": "bind", "source": str(tmp_path)}]}}}
    found = composefile.reaches(mounted, "app", folder, tmp_path)
    assert found == [f"app: mounts {tmp_path.resolve()}"]
