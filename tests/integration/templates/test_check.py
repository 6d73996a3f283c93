"""``dockgen check`` without an engine: what it prints, and how it ends.

The engine's results are made up here; tests/images/test_check_command.py uses a real one.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dockgen import checks, cli, engine
from dockgen.checks import Observation, Process
from dockgen.engine import BuildError, Container, EngineVersion
from dockgen.errors import ProjectError
from dockgen.image import Config, HealthCheck, Image, Layer
from dockgen.image import saved as saved_image
from dockgen.matrix import Workload
from dockgen.targets import observe
from dockgen.targets.sockets import Listener
from tests.conftest import ROOT, Run

MB = 10**6
CHECK = HealthCheck(("CMD", "/server", "healthcheck"), start_period_seconds=9.0,
                    start_interval_seconds=0.5)  # fmt: skip
GOOD_IMAGE = Image(
    Config("65532:65532", ("/server",), (), CHECK),
    (Layer("sha256:1", 30 * MB, 12 * MB, ()),),
    base_layers=0,
)
GOOD_RUN = Observation(
    healthy_seconds=0.5,
    root_status=200,
    process=Process((65532,) * 4, (65532,) * 4, 0, no_new_privileges=True, seccomp=2),
    read_only=True,
    changes=(),
    stop_exit_code=0,
    stop_seconds=0.25,
    listening=(Listener(8080, "::"),),
    ipv6=True,
    exposed=(8080,),
    kept_open=True,
)

# All but the one that takes a former report.
FOR_SERVICES = [
    rule for rule in checks.RULES if Workload.SERVICE in rule.kinds and rule.code < "DG3"
]
FOR_JOBS = [rule for rule in checks.RULES if Workload.JOB in rule.kinds and rule.code < "DG3"]
OF_CONTAINERS = [rule for rule in FOR_SERVICES if rule.code >= "DG2"]

Pretend = Callable[..., None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sound project, whose limits are 30 MB, 6 s and 2 s, as the current folder's ``sound``."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(ROOT / "tests/images/bad/sound", tmp_path / "sound"))


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Put an image and an observation, or an error, in place of what an engine gives."""

    def put(
        image: Image = GOOD_IMAGE,
        seen: Observation = GOOD_RUN,
        *,
        build_error: Exception | None = None,
        start_error: Exception | None = None,
    ) -> None:
        @contextmanager
        def temporary_image(_context: Path, **_options: object) -> Iterator[str]:
            if build_error:
                raise build_error
            yield "built"

        @contextmanager
        def run(_image: str, _options: engine.RunOptions) -> Iterator[Container]:
            if start_error:
                raise start_error
            yield Container("started")

        monkeypatch.setattr(engine, "require", lambda **_asked: EngineVersion("29.0.0", "29.0.0"))
        monkeypatch.setattr(engine, "temporary_image", temporary_image)
        monkeypatch.setattr(engine, "save", lambda _image, saved: saved.touch())
        monkeypatch.setattr(engine, "run", run)
        monkeypatch.setattr(saved_image, "read", lambda _saved, _base=None, **_options: image)
        monkeypatch.setattr(observe, "observe", lambda _container, _project: seen)

    return put


@pytest.mark.usefixtures("project")
def test_all_is_well(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0; sizes and times beside their limits, and each rule with its outcome."""
    pretend()
    assert cli.main(["check", "sound"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["sound", "(go", "on", "scratch)"]
    assert ["size", "unpacked", "30.00", "MB", "30", "MB", "12.00", "MB", "gzipped"] in rows
    assert ["time", "to", "healthy", "0.50", "s", "6", "s"] in rows
    assert ["time", "to", "stop", "0.25", "s", "2", "s"] in rows
    outcomes = {row[0]: row[-1] for row in rows if row and row[0].startswith("DG")}
    assert outcomes == {rule.code: "ok" for rule in FOR_SERVICES}


@pytest.mark.usefixtures("project")
def test_a_finding(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1; the rule is marked, what was found and what to do follow, the error counts."""
    pretend(seen=replace(GOOD_RUN, stop_exit_code=137, stop_seconds=5.0))
    assert cli.main(["check", "sound"]) == 1
    out, err = capsys.readouterr()
    marked = [line.split()[0] for line in out.splitlines() if line.rstrip().endswith(" finding")]
    assert marked == ["DG208"]
    assert "\nDG208 it had to be killed, 5.00 s after SIGTERM\n  try: handle SIGTERM" in out
    assert err == f"error: 1 of {len(FOR_SERVICES)} rules fail: DG208\n"


@pytest.mark.usefixtures("project")
def test_json(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """One object on standard output: bytes, seconds, limits, and every rule."""
    pretend(replace(GOOD_IMAGE, config=replace(GOOD_IMAGE.config, user="")))
    assert cli.main(["check", "--json", "sound"]) == 1
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert (facts["name"], facts["cell"], facts["holds"]) == ("sound", "go-scratch", False)
    assert facts["size"] == {
        "unpacked_bytes": 30 * MB, "gzip_bytes": 12 * MB, "limit_bytes": 30 * MB
    }  # fmt: skip
    assert facts["healthy"] == {"seconds": 0.5, "limit_seconds": 6.0}
    assert facts["stop"] == {"seconds": 0.25, "limit_seconds": 2.0}
    assert [rule["code"] for rule in facts["rules"]] == [rule.code for rule in FOR_SERVICES]
    (broken,) = [rule for rule in facts["rules"] if not rule["holds"]]
    assert (broken["code"], broken["title"]) == (
        "DG101", "Runs as a numeric, non-root user"
    )  # fmt: skip
    assert broken["findings"][0]["message"] == "the image has no USER, so it runs as root"
    assert err == f"error: 1 of {len(FOR_SERVICES)} rules fail: DG101\n"


POLICY = """
[rules]
required_labels = ["com.example.team"]
allowed_registries = ["registry.example.com/hub"]
"""


def test_a_policy_is_asked(
    pretend: Pretend, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It applies to the files and the image, and the findings of both are reported."""
    with (project / "dockgen.toml").open("a") as settings:
        settings.write(POLICY)
    pretend()
    assert cli.main(["check", "sound"]) == 1
    out, err = capsys.readouterr()
    assert "DG001 line 1 of the Dockerfile uses golang:1.27, which isn't from" in out
    assert "DG109 the label com.example.team is missing" in out
    assert err == f"error: 2 of {len(FOR_SERVICES)} rules fail: DG001, DG109\n"


IGNORED = """
[rules.ignored]
DG208 = "the queue is [b]drained[/b] elsewhere"
DG101 = "not found, so not told"
"""


def test_an_ignored_rule_fails_nothing(
    pretend: Pretend, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it finds is told all the same, with the reason."""
    with (project / "dockgen.toml").open("a") as settings:
        settings.write(IGNORED)
    pretend(seen=replace(GOOD_RUN, stop_exit_code=137, stop_seconds=5.0))
    assert cli.main(["check", "sound"]) == 0
    out, err = capsys.readouterr()
    marked = [line.split()[0] for line in out.splitlines() if line.rstrip().endswith(" ignored")]
    assert (marked, err) == (["DG208"], "")
    reason = "the queue is [b]drained[/b] elsewhere"
    assert f"\nDG208 it had to be killed, 5.00 s after SIGTERM\n  ignored: {reason}\n" in out
    assert cli.main(["check", "--json", "sound"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["holds"] is True
    (found,) = [rule for rule in facts["rules"] if rule["findings"]]
    assert (found["code"], found["holds"], found["ignored"]) == ("DG208", False, reason)
    assert {rule["ignored"] for rule in facts["rules"] if rule["code"] == "DG102"} == {None}


def test_an_ignored_rule_hides_no_other(pretend: Pretend, project: Path) -> None:
    """Another one's finding fails the check."""
    with (project / "dockgen.toml").open("a") as settings:
        settings.write(IGNORED)
    pretend(seen=replace(GOOD_RUN, stop_exit_code=137, root_status=None))
    assert cli.main(["check", "sound"]) == 1


@pytest.mark.parametrize(
    ("size_mb", "size_bytes", "code"),
    [("30", 30 * MB, 0), ("30", 30 * MB + 1, 1), ("6.9", 6_900_000, 0), ("6.9", 6_900_001, 1)],
)
def test_a_limit_is_held_to_the_byte(
    pretend: Pretend, project: Path, size_mb: str, size_bytes: int, code: int
) -> None:
    """At the limit is within it; one byte more isn't, and decimals are exact."""
    limits = (project / "dockgen.toml").read_text().replace("size_mb = 30", f"size_mb = {size_mb}")
    (project / "dockgen.toml").write_text(limits)
    pretend(replace(GOOD_IMAGE, layers=(Layer("sha256:1", size_bytes, 1, ()),)))
    assert cli.main(["check", "sound"]) == code


@pytest.mark.usefixtures("project")
def test_an_unknown_base_is_told(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """It fails nothing, and the rule that looks for it doesn't hold either."""
    pretend(replace(GOOD_IMAGE, base_layers=None))
    assert cli.main(["check", "sound"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "base unknown" in line]
    assert row.startswith("DG106 ")
    assert cli.main(["check", "--json", "sound"]) == 0
    rules = {rule["code"]: rule["holds"] for rule in json.loads(capsys.readouterr().out)["rules"]}
    assert [code for code, holds in rules.items() if holds is not True] == ["DG106"]
    assert rules["DG106"] is None


@pytest.mark.usefixtures("project")
def test_never_healthy(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """The table says so, and JSON has no number."""
    pretend(seen=replace(GOOD_RUN, healthy_seconds=None))
    assert cli.main(["check", "sound"]) == 1
    assert "time to healthy     never    6 s" in capsys.readouterr().out
    assert cli.main(["check", "--json", "sound"]) == 1
    assert json.loads(capsys.readouterr().out)["healthy"]["seconds"] is None


@pytest.mark.usefixtures("project")
def test_a_container_that_can_t_be_started_is_a_finding(
    pretend: Pretend, capsys: pytest.CaptureFixture[str]
) -> None:
    """The image's rules still run; those for a container can't."""
    pretend(start_error=ProjectError("docker run failed: no such file", "docker info"))
    assert cli.main(["check", "--json", "sound"]) == 1
    facts = json.loads(capsys.readouterr().out)
    outcomes = {rule["code"]: rule["holds"] for rule in facts["rules"]}
    assert outcomes == {
        rule.code: True if rule.code < "DG2" else False if rule.code == "DG201" else None
        for rule in FOR_SERVICES
    }
    assert cli.main(["check", "sound"]) == 1
    out = capsys.readouterr().out
    assert "DG201 its container can't be started: docker run failed: no such file\n" in out
    assert out.count("not asked") == len(OF_CONTAINERS) - 1


@pytest.fixture
def job(project: Path) -> Path:
    """The sound project as a job, which may run for 60 s."""
    with (project / ".copier-answers.yml").open("a") as answers:
        answers.write("kind: job\n")
    settings = project / "dockgen.toml"
    settings.write_text(settings.read_text().replace("healthy_seconds = 6", "run_seconds = 60"))
    return project


DONE = replace(
    GOOD_RUN, healthy_seconds=None, root_status=None, process=None, run_seconds=1.5, exit_code=0
)


@pytest.mark.usefixtures("job")
def test_a_job(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """It has a time to its end in place of one to healthy, and rules of its own."""
    pretend(replace(GOOD_IMAGE, config=replace(GOOD_IMAGE.config, health_check=None)), DONE)
    assert cli.main(["check", "sound"]) == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert ["time", "to", "its", "end", "1.50", "s", "60", "s"] in rows
    assert ["time", "to", "stop", "-", "2", "s"] in rows
    outcomes = {row[0]: row[-1] for row in rows if row and row[0].startswith("DG")}
    assert outcomes["DG209"] == "ok"
    assert not outcomes.keys() & {"DG102", "DG103", "DG201", "DG202"}
    # It had ended before its process could be looked at.
    assert [code for code, word in outcomes.items() if word == "asked"] == list(checks.OF_PROCESS)


@pytest.mark.usefixtures("job")
def test_a_job_as_json(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """Values that a job doesn't have are null."""
    pretend(replace(GOOD_IMAGE, config=replace(GOOD_IMAGE.config, health_check=None)), DONE)
    assert cli.main(["check", "--json", "sound"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "job"
    assert facts["healthy"] == {"seconds": None, "limit_seconds": None}
    assert facts["run"] == {"seconds": 1.5, "limit_seconds": 60.0}
    assert facts["stop"] == {"seconds": None, "limit_seconds": 2.0}


@pytest.mark.usefixtures("job")
def test_a_job_that_can_t_be_started(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """It is the rule for jobs that doesn't hold."""
    pretend(
        replace(GOOD_IMAGE, config=replace(GOOD_IMAGE.config, health_check=None)),
        start_error=ProjectError("docker run failed: no such file", "docker info"),
    )
    assert cli.main(["check", "sound"]) == 1
    assert capsys.readouterr().err == f"error: 1 of {len(FOR_JOBS)} rules fail: DG209\n"


@pytest.mark.usefixtures("project")
def test_an_image_that_can_t_be_built(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3: the end of the build's log, then why, then what to do."""
    log = "\n".join(f"line {number}" for number in range(100))
    pretend(build_error=BuildError("the image can't be built: no", "docker build .", log))
    assert cli.main(["check", "sound"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        *(f"line {number}" for number in range(80, 100)),
        "error: the image can't be built: no",
        "  try: docker build .",
    ]


def test_no_directory_means_this_one(
    pretend: Pretend, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``dockgen check`` inside the project."""
    pretend()
    monkeypatch.chdir(project)
    assert cli.main(["check"]) == 0


def test_a_given_image_is_not_built(pretend: Pretend, project: Path) -> None:
    """--image takes the one that is there."""
    pretend(build_error=AssertionError("built"))
    assert cli.main(["check", "--image", "sound:1.2", str(project)]) == 0


def test_a_folder_with_nothing_to_check(dockgen: Run) -> None:
    """Exit 3, and what to type; no engine is asked."""
    done = dockgen("check", environment={"PATH": "/nonexistent"})
    assert done.returncode == 3
    assert "no Dockerfile, Containerfile or compose.yaml" in done.stderr
    assert "start a project: dockgen new" in done.stderr


@pytest.mark.usefixtures("project")
def test_an_engine_is_needed(dockgen: Run) -> None:
    """Exit 4, and what to install."""
    done = dockgen("check", "sound", environment={"PATH": "/nonexistent"})
    assert done.returncode == 4
    assert "error: the docker command is missing." in done.stderr


def test_help_has_examples(dockgen: Run) -> None:
    """Each way to use it."""
    words = dockgen("check", "--help").stdout
    assert "dockgen check my-app\n" in words
    assert "dockgen check --image my-app:1.2\n" in words
