"""``dockgen check`` on a real engine: what it finds, and that it cleans up.

Every image that is built here has a label of its own, which its containers inherit: so what is
left behind is found, and no one else's is taken for it.
"""

import gzip
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockgen import engine
from tests.conftest import PLAIN
from tests.images.conftest import in_release
from tests.images.test_bad_projects import AS_COMPOSE, CASES, SOUND, Case

# What takes longer never comes, in seconds.
PATIENCE = 120

# The cases that are bad by their Dockerfile: check starts each container as compose.yaml does.
BUILT = [case for case in CASES if case.options == AS_COMPOSE]


@dataclass(frozen=True)
class Sandbox:
    """A copy of the sound project, whose image and containers carry the label ``label``."""

    directory: Path
    label: str

    def add(self, lines: str) -> None:
        """Append lines to the Dockerfile."""
        with (self.directory / "Dockerfile").open("a") as dockerfile:
            dockerfile.write(lines + "\n")

    def limit(self, size_mb: str) -> None:
        """Set the limit of the image's size."""
        settings = self.directory / "dockgen.toml"
        settings.write_text(re.sub("size_mb = .*", f"size_mb = {size_mb}", settings.read_text()))

    def start(
        self, *options: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start `dockgen check`, with a folder of its own for temporary files."""
        return subprocess.Popen(
            [sys.executable, "-m", "dockgen", "check", *options, str(self.directory)],
            env=PLAIN | {"TMPDIR": str(self.directory.parent)} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def check(self, *options: str) -> tuple[int, str, str]:
        """Run `dockgen check` to its end: exit code, output, complaints."""
        process = self.start(*options)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def left(self) -> list[str]:
        """Return what exists of this sandbox: containers, images, files."""
        label = f"--filter=label={self.label}"
        return [
            *listed("ps", "--all", "--quiet", label),
            *listed("images", "--quiet", label),
            *(path.name for path in self.directory.parent.iterdir() if path != self.directory),
        ]


def listed(*arguments: str) -> list[str]:
    """Return the lines that docker prints."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return done.stdout.splitlines()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A project to check; whatever it did, nothing of it is left in the end."""
    with tempfile.TemporaryDirectory(prefix="dockgen-test-") as folder:
        directory = Path(shutil.copytree(SOUND, Path(folder) / "sound"))
        made = Sandbox(directory, f"dockgen-test={secrets.token_hex(6)}")
        made.add(f"LABEL {made.label}")
        yield made
        assert made.left() == []


# test_bad_projects.py has them all: the command asks the same rules.
@pytest.mark.parametrize(
    "case", [*BUILT[:2], *in_release(*BUILT[2:])], ids=lambda case: case.name.replace(" ", "-")
)
def test_names_the_rules_that_do_not_hold(sandbox: Sandbox, case: Case) -> None:
    """Exit 1 and each rule that a bad project breaks, or exit 0 and none."""
    sandbox.add(case.lines)
    code, out, _ = sandbox.check("--json")
    facts = json.loads(out)
    broken = [rule["code"] for rule in facts["rules"] if rule["holds"] is False]
    assert broken == sorted(case.rules)
    assert (code, facts["holds"]) == ((1, False) if case.rules else (0, True))


def test_says_what_is_wrong_in_words(sandbox: Sandbox) -> None:
    """The table marks the rule; below it, what was found and what to do."""
    sandbox.add("USER nonroot")
    code, out, err = sandbox.check()
    assert code == 1
    assert re.search(r"^DG101 .* finding *$", out, re.MULTILINE)
    assert "\nDG101 the image runs as the user 'nonroot'\n  try: add to the last stage: USER" in out
    assert re.fullmatch(r"error: 1 of \d+ rules fail: DG101\n", err)


def test_limits_are_written_and_a_change_is_compared(sandbox: Sandbox) -> None:
    """The new limits hold; an added layer is then reported, on the line that adds it."""
    sandbox.limit("0.5")
    report = sandbox.directory / "former.json"
    code, _, err = sandbox.check("--update-limits", "--output", f"json={report}", "--select", "DG1")
    assert (code, err) == (0, "")
    size = json.loads(report.read_text())["size"]
    assert size["unpacked_bytes"] < size["limit_bytes"] <= size["unpacked_bytes"] + 2_000_000
    sandbox.add("COPY Dockerfile /added")
    line = len((sandbox.directory / "Dockerfile").read_text().splitlines())
    sarif = sandbox.directory / "found.sarif"
    more = ("--baseline", str(report), "--max-growth", "0%", "--output", f"sarif={sarif}")
    code, out, _ = sandbox.check(*more, "--select", "DG1,DG3", "--layers")
    assert (code, "1 layer added, 0 gone; 1 new finding" in out) == (1, True)
    assert re.search(
        r"^layer (\d) of \1: 0\.00 MB.*\n  COPY Dockerfile /added\n", out, re.MULTILINE
    )
    (found,) = json.loads(sarif.read_text())["runs"][0]["results"]
    assert (found["ruleId"], found["baselineState"]) == ("DG301", "new")
    place = found["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("Dockerfile", line)


def test_a_limit_is_held_to_the_byte(sandbox: Sandbox) -> None:
    """The size that it reports is within that limit, to six decimals; a byte less is not."""
    _, out, _ = sandbox.check("--json")
    size = json.loads(out)["size"]["unpacked_bytes"]
    sandbox.limit(f"{size / 1e6:.6f}")
    assert sandbox.check()[0] == 0
    sandbox.limit(f"{(size - 1) / 1e6:.6f}")
    code, out, _ = sandbox.check()
    assert code == 1
    assert "1 bytes over its limit" in out


def test_a_given_image_is_checked_and_stays(sandbox: Sandbox) -> None:
    """--image builds nothing and removes nothing that existed before."""
    tag = f"dockgen-test:{secrets.token_hex(6)}"
    engine.build(sandbox.directory, tag)
    try:
        (sandbox.directory / "Dockerfile").write_text("this can't be built\n")
        assert sandbox.check("--image", tag)[0] == 0
        assert listed("images", "--quiet", tag) != []
    finally:
        listed("image", "rm", "--force", tag)


@pytest.fixture
def base(sandbox: Sandbox) -> Iterator[str]:
    """A base of three layers, as nginx's has more than one: its second has a setuid file.

    The sandbox's project stands on it.
    """
    tag = f"dockgen-test:{secrets.token_hex(6)}"
    path = sandbox.directory / "Dockerfile"
    text = path.read_text()
    sound, _, rest = text.partition("FROM scratch\n")
    try:
        path.write_text(
            f"{sound}FROM scratch\nCOPY --from=build /rootfs/ /\n"
            "COPY --from=build --chmod=4755 /rootfs/etc/passwd /helper\n"
            "COPY --from=build /rootfs/etc/passwd /etc/group\n"
        )
        engine.build(sandbox.directory, tag)
        path.write_text(f"{sound}FROM {tag} AS base\nFROM base\n{rest}")
        yield tag
    finally:
        listed("image", "rm", "--force", tag)


def broken(out: str) -> dict[str, bool | None]:
    """Return the rules that fail, from JSON."""
    rules = json.loads(out)["rules"]
    return {rule["code"]: rule["holds"] for rule in rules if rule["holds"] is not True}


@pytest.mark.usefixtures("base")
def test_a_base_s_own_layers_are_not_the_project_s(sandbox: Sandbox) -> None:
    """A setuid file of the base may be hidden; one of the project's may not."""
    sandbox.add("COPY --from=build --chmod=755 /rootfs/etc/passwd /helper")
    assert broken(sandbox.check("--json")[1]) == {}
    sandbox.add("COPY --from=build --chmod=4755 /rootfs/etc/passwd /own")
    sandbox.add("COPY --from=build --chmod=755 /rootfs/etc/passwd /own")
    assert broken(sandbox.check("--json")[1]) == {"DG106": False}


def test_an_image_on_another_base_is_not_guessed_at(sandbox: Sandbox, base: str) -> None:
    """The Dockerfile of today names another one than the image was built on."""
    sandbox.add("COPY --from=build --chmod=755 /rootfs/etc/passwd /helper")
    tag = f"dockgen-test:{secrets.token_hex(6)}"
    engine.build(sandbox.directory, tag)
    try:
        path = sandbox.directory / "Dockerfile"
        path.write_text(path.read_text().replace(f"FROM {base} AS", "FROM golang:1.27 AS"))
        assert broken(sandbox.check("--json", "--image", tag)[1]) == {"DG106": None}
    finally:
        listed("image", "rm", "--force", tag)


def test_a_missing_image_is_named(sandbox: Sandbox) -> None:
    """Exit 3, in the engine's own words."""
    code, _, err = sandbox.check("--image", "dockgen-test:nobody-made-it")
    assert code == 3
    assert "docker save failed" in err
    assert "dockgen-test:nobody-made-it" in err


def test_a_failed_build_shows_the_end_of_its_log(sandbox: Sandbox) -> None:
    """Exit 3; the compiler's own words stand above the error."""
    main = sandbox.directory / "main.go"
    main.write_text(main.read_text().replace("func main()", "func main(oops)"))
    code, out, err = sandbox.check()
    assert (code, out) == (3, "")
    assert "main.go:" in err
    assert "can't be built" in err.splitlines()[-2]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), *in_release((signal.SIGINT, 130))],
    ids=["SIGTERM", "SIGINT"],
)
def test_interrupted_while_a_container_runs(
    sandbox: Sandbox, number: signal.Signals, code: int
) -> None:
    """One line; container, image and files are gone."""
    sandbox.add('CMD ["unhealthy"]')
    process = sandbox.start()
    deadline = time.monotonic() + PATIENCE
    while not listed("ps", "--quiet", f"--filter=label={sandbox.label}"):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (code, "")
    assert err.count("\n") == 1
    assert "no files were left behind" in err


def test_interrupted_while_it_builds(sandbox: Sandbox) -> None:
    """The engine gives the build up, too."""
    # A build that downloads from here is in the middle of its work until we answer.
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(PATIENCE)
        sandbox.add(f"ADD http://127.0.0.1:{server.getsockname()[1]}/{os.getpid()} /downloaded")
        process = sandbox.start()
        connection, _ = server.accept()
        with closing(connection):
            connection.settimeout(PATIENCE)
            assert connection.recv(1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 130
            assert err == "error: interrupted: no files were left behind\n"
            while connection.recv(1024):
                pass


# What docker says when its engine has gone, at each of these commands and ever after.
GONE = """\
#!/bin/sh
if [ -e {folder}/gone ] || [ "$1" = {word} ]; then
  touch {folder}/gone
  echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2
  exit 1
fi
exec {docker} "$@"
"""


@pytest.mark.parametrize(
    "word", ["save", "logs", *in_release("buildx", "build", "run", "inspect", "diff", "stop")]
)
def test_an_engine_that_stops_meanwhile(sandbox: Sandbox, tmp_path: Path, word: str) -> None:
    """Exit 4 and one line, whatever was being done; of dockgen's own files nothing stays."""
    real = shutil.which("docker")
    program = tmp_path / "docker"
    program.write_text(GONE.format(folder=tmp_path, word=word, docker=real))
    program.chmod(0o755)
    process = sandbox.start(environment={"PATH": f"{tmp_path}:{PLAIN['PATH']}"})
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (4, ""), err
    assert "docker can't reach a container engine" in err
    assert len(err.splitlines()) == 2
    assert [path.name for path in sandbox.directory.parent.iterdir()] == ["sound"]
    # What the engine had made before it went is its own to keep, until it is there again.
    made = f"--filter=label={sandbox.label}"
    for container in listed("ps", "--all", "--quiet", made):
        listed("rm", "--force", container)
    for image in listed("images", "--quiet", made):
        listed("image", "rm", "--force", image)


def test_a_full_disk(sandbox: Sandbox, tmp_path: Path) -> None:
    """Exit 3, where to make room, and nothing is left there; also for a saved image."""
    small = tmp_path / "small"
    small.mkdir()
    saved = tmp_path / "image.tar.gz"
    with gzip.open(saved, "w", compresslevel=1) as packed:
        packed.write(os.urandom(3_000_000))
    for target in (sandbox.directory, saved):
        script = (
            f"mount -t tmpfs -o size=1m tmpfs {small} && TMPDIR={small} {sys.executable}"
            f" -m dockgen check {target}; code=$?; ls -A {small}; exit $code"
        )
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script],
            env=PLAIN, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (3, ""), done.stderr
        assert "no space left on device" in done.stderr.lower()
        assert "free some" in done.stderr


def test_a_build_that_hangs(sandbox: Sandbox) -> None:
    """Exit 3 after the time that it was given, and which step it was."""
    sandbox.add('FROM golang:1.27\nRUN ["sleep", "600"]')
    code, _, err = sandbox.check("--timeout", "5")
    assert code == 3
    assert "took longer than 5 s" in err
    assert "sleep" in err
