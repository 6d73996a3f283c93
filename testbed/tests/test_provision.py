"""What the test bed promises on a machine with an engine, and on one without.

A fake `docker` answers here, and records its calls. It is alone on PATH, so that a broken test bed
can't install or start anything on this machine.
"""

import ipaddress
import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from testbed import bases, debian, engine, processes, resolver, table
from testbed.__main__ import ENDING_SIGNALS, EXIT_MISSING, main
from testbed.cache import Cache
from testbed.errors import TestbedError
from testbed.report import Origin, Report

ROOT = Path(__file__).resolve().parents[2]
VERSION = "28.5.2"
PLUGINS = ("buildx", "compose")
IMAGES = ("debian:trixie-slim", "alpine:3.24")
WANTED = [f"--base={name}" for name in IMAGES]

# It does as it is told and fails only where a real one would: the calls tell what was right.
DOCKER = """\
#!/bin/sh
cd {folder} || exit
echo "$*" >> calls
case "$*" in
  "version "*) command -p cat version ;;
  "buildx version" | "compose version") test -e "plugins/$1" ;;
  "images --format {{{{.Repository}}}}:{{{{.Tag}}}}") command -p ls images ;;
  "image inspect "*) test -e "images/$5" && echo "sha256:$5" ;;
  "manifest inspect "*) test -e "registry/$3" ;;
  "pull "*) test -e "registry/$2" && : > "images/$2" ;;
  "save "*) command -p cat image.tar ;;
esac
"""
LOOKS = ("version", "buildx version", "compose version", "image inspect", "images", "save")

Stand = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cache]:
    """A cache of the test's own; the report of a run that they are part of stays as it is.

    `main` handles signals, and the next test is not to inherit that.
    """
    monkeypatch.setenv("DOCKGEN_TESTBED_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DOCKGEN_TESTBED_REPORT", raising=False)
    before = {number: signal.getsignal(number) for number in (*ENDING_SIGNALS, signal.SIGINT)}
    yield Cache(tmp_path / "cache")
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Put an engine with these images in place of docker; returns the list of its calls.

    `registry`: the images that can be pulled. Without a version, docker reaches no engine.
    """

    def stand(
        *,
        images: Sequence[str] = (),
        registry: Sequence[str] = (),
        version: str | None = VERSION,
        plugins: Sequence[str] = PLUGINS,
    ) -> Path:
        folder = tmp_path / "docker"
        for name, files in {"images": images, "registry": registry, "plugins": plugins}.items():
            (folder / name).mkdir(parents=True)
            for file in files:
                (folder / name / file).touch()
        if version is not None:
            (folder / "version").write_text(f"{version}\n")
        (folder / "layer").write_bytes(b"layer")
        (folder / "manifest.json").write_text('[{"Layers": ["layer"]}]')
        with tarfile.open(folder / "image.tar", "w") as tar:
            for file in ("layer", "manifest.json"):
                tar.add(folder / file, file)
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(DOCKER.format(folder=shlex.quote(str(folder))))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        (folder / "calls").touch()
        return folder / "calls"

    return stand


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str | None], None]:
    """Be this user, on a system with this /etc/os-release; None for one that has no such file."""

    def pretend(user: int, release: str | None) -> None:
        file = tmp_path / "os-release"
        if release is not None:
            file.write_text(release)
        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(debian, "Path", {"/etc/os-release": file}.__getitem__)

    return pretend


def changes(calls: Path) -> list[str]:
    """Return the calls that changed the engine.

    The test bed's one build on all images is left out: it makes no image. A stand-in's has a tag.
    """
    return [
        call
        for call in calls.read_text().splitlines()
        if not f"{call} ".startswith(tuple(f"{look} " for look in LOOKS))
        and not is_build_without_an_image(call.split())
    ]


def is_build_without_an_image(words: Sequence[str]) -> bool:
    """Return whether these are the arguments of a build that only fills the builder's cache."""
    return (
        words[0] == "build"
        and "--output=type=cacheonly" in words
        and not any(word.startswith(("--tag", "-t")) for word in words)
    )


def provide(here: Cache, names: Sequence[str]) -> Report:
    """Let the engine that was there have these images."""
    found = engine.find()
    assert found is not None
    assert not found.private
    return bases.provide(here, found, names)


def leave(file: Path) -> list[str]:
    """Return a command that creates this file."""
    return ["/bin/sh", "-c", ': > "$0"', str(file)]


# ---- the engine that was there -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "missing"),
    [
        (
            [name for name in table.NEEDED if name != "python:3.14-slim-trixie"],
            "python:3.14-slim-trixie",
        ),
        ([], table.NEEDED[0]),
    ],
    ids=["one", "all"],
)
def test_a_missing_image_that_cannot_be_pulled_is_named(
    here: Cache, docker: Stand, images: Sequence[str], missing: str
) -> None:
    """The message names it, and the next command to type pulls it."""
    docker(images=images)
    with pytest.raises(TestbedError, match=rf"has no {re.escape(missing)}, and cannot") as caught:
        provide(here, table.NEEDED)
    assert f"docker pull {missing}" in caught.value.hint


@pytest.mark.parametrize("images", [IMAGES[:1], ()], ids=["one", "all"])
def test_no_stand_in_is_built_into_an_engine_that_was_there(
    here: Cache, docker: Stand, images: Sequence[str]
) -> None:
    """If an image is missing, the engine is asked only to pull it."""
    calls = docker(images=images)
    with pytest.raises(TestbedError, match="stand-ins are never built"):
        provide(here, IMAGES)
    assert changes(calls) == [f"pull {IMAGES[len(images)]}"]


@pytest.mark.parametrize(
    "build",
    [
        "build --progress=plain --tag alpine:3.24 context",
        "build --output=type=cacheonly --tag=alpine:3.24 context",
        "build context",
    ],
    ids=["a-tag", "a-tag-and-the-cache", "another-output"],
)
def test_the_build_of_a_stand_in_would_be_seen(tmp_path: Path, build: str) -> None:
    """Only a build without a tag, whose output is the builder's cache, is the one on all images."""
    calls = tmp_path / "calls"
    calls.write_text(f"build --output=type=cacheonly context\n{build}\n")
    assert changes(calls) == [build]


def test_an_image_that_is_there_is_used_as_it_is(here: Cache, docker: Stand) -> None:
    """It isn't pulled again, also where it could be."""
    calls = docker(images=IMAGES, registry=IMAGES)
    provide(here, IMAGES)
    assert changes(calls) == []


def test_a_missing_image_is_pulled(here: Cache, docker: Stand) -> None:
    """Only that one is pulled, under its own name."""
    calls = docker(images=IMAGES[:1], registry=IMAGES)
    provide(here, IMAGES)
    assert changes(calls) == [f"pull {IMAGES[1]}"]


def test_the_report_tells_whose_engine_and_images_these_are(here: Cache, docker: Stand) -> None:
    """The report says that neither the engine nor an image belongs to the test bed."""
    docker(images=IMAGES)
    report = provide(here, IMAGES)
    assert not report.engine_private
    assert [(base.name, base.origin) for base in report.bases] == [
        (name, Origin.OFFICIAL) for name in IMAGES
    ]


def test_what_a_run_that_was_cut_off_left_is_thrown_out(docker: Stand) -> None:
    """Its images, by the names that dockgen and its tests give them, and no others."""
    left = ["dockgen-check:0a1b2c", "dockgen-test-0a1b2c3d-x-app:latest", "dockgen-test:0a1b2c"]
    calls = docker(images=[*left, "alpine:3.24", "dockgen:local"])
    found = engine.find()
    assert found is not None
    engine.tidy(found)
    removed = [call for call in changes(calls) if call.startswith("rmi ")]
    assert removed == [f"rmi --force {' '.join(left)}"]


@pytest.mark.parametrize(
    "runs",
    [
        [["run", *WANTED, "--", "/bin/sh", "-c", "exit 0"]],
        [["run", *WANTED, "--", "/bin/sh", "-c", "exit 7"]],
        [["run", *WANTED, "--", "/bin/sh", "-c", "kill -KILL $$"]],
        [["run", *WANTED, "--", "/no/such/command"]],
        [["up", *WANTED], ["down"]],
        [["status"]],
    ],
    ids=["run", "run-fails", "run-is-killed", "run-is-missing", "up-and-down", "status"],
)
def test_an_engine_that_was_there_is_left_running(
    docker: Stand, runs: Sequence[Sequence[str]]
) -> None:
    """Nothing in it is stopped or removed, however the command ends."""
    calls = docker(images=IMAGES)
    for arguments in runs:
        main(arguments)
    assert "version" in calls.read_text()
    assert changes(calls) == []


def test_the_command_is_run_where_an_engine_answers(tmp_path: Path, docker: Stand) -> None:
    """Once the images are there."""
    docker(images=IMAGES)
    main(["run", *WANTED, "--", *leave(tmp_path / "ran")])
    assert (tmp_path / "ran").exists()


def test_the_command_is_not_run_without_its_images(tmp_path: Path, docker: Stand) -> None:
    """One image that can't be had is enough, and the exit code tells it from the command's."""
    docker(images=IMAGES[:1])
    assert main(["run", *WANTED, "--", *leave(tmp_path / "ran")]) == EXIT_MISSING
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -TERM $$", 128 + signal.SIGTERM),
        ("kill -KILL $$", 128 + signal.SIGKILL),
    ],
    ids=["0", "7", "SIGTERM", "SIGKILL"],
)
def test_run_gives_back_the_exit_code_of_the_command(docker: Stand, script: str, code: int) -> None:
    """As a shell would: 128 and the number of the signal that ended it."""
    docker(images=IMAGES)
    done = subprocess.run(
        [sys.executable, "-m", "testbed", "run", *WANTED, "--", "/bin/sh", "-c", script],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize(
    ("version", "plugins", "reason"),
    [
        ("24.0.9", PLUGINS, "the engine is version 24.0.9; the generated projects need 25"),
        (VERSION, ["compose"], "an engine answers, but `docker buildx` does not"),
        (VERSION, ["buildx"], "an engine answers, but `docker compose` does not"),
    ],
    ids=["24", "no-buildx", "no-compose"],
)
def test_an_unfit_engine_is_refused_by_name(
    tmp_path: Path,
    docker: Stand,
    capsys: pytest.CaptureFixture[str],
    version: str,
    plugins: Sequence[str],
    reason: str,
) -> None:
    """The command is not run on it, and no private engine takes its place in silence."""
    docker(images=IMAGES, version=version, plugins=plugins)
    assert main(["run", *WANTED, "--", *leave(tmp_path / "ran")]) == EXIT_MISSING
    assert f"error: {reason}" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


# ---- no engine -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "release"),
    [(1000, "ID=debian\n"), (0, "ID=ubuntu\nID_LIKE=debian\n"), (0, None)],
    ids=["not-root", "not-debian", "no-os-release"],
)
@pytest.mark.parametrize("has_docker", [True, False], ids=["no-engine", "no-docker"])
def test_no_engine_and_no_way_to_one_is_a_failure(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    docker: Stand,
    machine: Callable[[int, str | None], None],
    capsys: pytest.CaptureFixture[str],
    user: int,
    release: str | None,
    has_docker: bool,
) -> None:
    """Exit code 4 with why and what to do, and the command is not run."""
    docker(version=None)
    if not has_docker:
        monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    machine(user, release)
    assert main(["run", *WANTED, "--", *leave(tmp_path / "ran")]) == 4
    said = capsys.readouterr().err
    assert "error: no container engine answers, and a private one needs root on Debian" in said
    assert "next: start Docker Engine 25 or later" in said
    assert not (tmp_path / "ran").exists()


def test_root_on_debian_would_get_a_private_engine(
    monkeypatch: pytest.MonkeyPatch,
    docker: Stand,
    machine: Callable[[int, str | None], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It starts one there, after installing the packages that the engine needs."""

    def require(_cache: Cache, packages: dict[str, tuple[str, str]]) -> None:
        raise TestbedError(f"would install {' '.join(packages)}")

    docker(version=None)
    machine(0, "ID=debian\n")
    monkeypatch.setattr(debian, "require", require)
    assert main(["run", *WANTED, "--", "/bin/sh", "-c", "exit 0"]) == EXIT_MISSING
    said = capsys.readouterr().err
    assert (
        "error: would install runc iptables iproute2 strace openssh-client dnsmasq-base\n" in said
    )


# A name server that does as little as one can: it goes into the background, or fails.
DNSMASQ = """\
#!/bin/sh
for word; do
  case $word in --pid-file=*) record=${{word#*=}} ;; esac
done
{then}
"""
STAYS = """\
case $1 in
  stay) echo $$ > "$record"; while sleep 0.2; do :; done ;;
  *) "$0" stay "$@" < /dev/null > /dev/null 2>&1 & until test -s "$record"; do sleep 0.1; done ;;
esac
"""


@pytest.fixture
def name_server(
    tmp_path: Path, here: Cache, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., bool]:
    """Start one that does `then`; returns what the test bed says about it."""

    def start(then: str) -> bool:
        program = tmp_path / "bin" / "dnsmasq"
        program.parent.mkdir()
        program.write_text(DNSMASQ.format(then=then))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        monkeypatch.setattr(Cache, "runtime", tmp_path)
        return resolver.start(here, ipaddress.IPv4Address("192.0.2.1"))

    return start


def test_the_name_server_runs_until_the_engine_ends(
    tmp_path: Path, here: Cache, name_server: Callable[..., bool]
) -> None:
    """It answers at the address that the engine gives its containers."""
    assert name_server(STAYS)
    record = tmp_path / "dnsmasq.pid"
    running = processes.recorded(record, "--listen-address=192.0.2.1")
    assert running is not None
    resolver.stop(here)
    assert processes.recorded(record, "--listen-address=192.0.2.1") is None


def test_an_engine_does_without_a_name_server_that_fails(
    here: Cache, name_server: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is said, and there is nothing to end."""
    assert not name_server('echo "failed to create listening socket" >&2; exit 2')
    said = capsys.readouterr().err
    assert "ask the machine's name servers themselves: failed to create listening socket" in said
    resolver.stop(here)


@pytest.mark.parametrize("has_docker", [True, False], ids=["no-engine", "no-docker"])
def test_image_tests_fail_without_an_engine(
    tmp_path: Path, docker: Stand, has_docker: bool
) -> None:
    """Each of them is an error that says what to do; none is skipped, and none passes."""
    docker(version=None)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    own = {
        "PATH": str(tmp_path / ("bin" if has_docker else "nowhere")),
        "DOCKER_HOST": f"unix://{tmp_path}/no.sock",
    }
    options = ["-q", "--color=no", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inner'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/images/test_engine.py"],
        cwd=ROOT, env=plain | own, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "Bring one up and run all tests with: make test" in done.stdout
    # The last line counts each outcome there was.
    assert re.match(r"[1-9]\d* errors? in ", done.stdout.splitlines()[-1]), done.stdout
