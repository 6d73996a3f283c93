"""A project is read from its two files; an error names the file, the fault and the remedy."""

import itertools
from datetime import date
from pathlib import Path

import pytest

from dockgen import project
from dockgen.contract import Ignored, Limits, Policy
from dockgen.errors import ProjectError
from dockgen.matrix import Cell, Flavor, Language, Workload
from tests.table import table

ANSWERS = """\
# Changes here will be overwritten by copier.
_commit: v0.1.0
_src_path: https://dockgen.invalid/dockgen.git
flavor: slim
language: python
language_version: '3.14'
name: my-app
port: 8080
registry: ''
unmanaged: []
"""
LIMITS = """\
[limits]
size_mb = 6.9
healthy_seconds = 10
stop_seconds = 2.5
"""


def sound(tmp_path: Path) -> Path:
    """A directory with the two files of a sound project."""
    (tmp_path / ".copier-answers.yml").write_text(ANSWERS)
    (tmp_path / "dockgen.toml").write_text(LIMITS)
    return tmp_path


directory = pytest.fixture(sound)


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is there."""
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def test_reads_a_project(directory: Path) -> None:
    """Answers and limits come together; 6.9 MB are 6,900,000 bytes, not a fraction more."""
    assert project.load(directory) == project.Project(
        directory=directory,
        name="my-app",
        cell=Cell(Language.PYTHON, Flavor.SLIM),
        template_version="v0.1.0",
        port=8080,
        limits=Limits(size_bytes=6_900_000, healthy_seconds=10.0, stop_seconds=2.5),
    )


def test_a_worker_has_no_port(directory: Path) -> None:
    """The port in the answers file is ignored."""
    edit(directory / ".copier-answers.yml", "language: ", "kind: worker\nlanguage: ")
    loaded = project.load(directory)
    assert (loaded.kind, loaded.port) == (Workload.WORKER, None)


def test_a_job_has_a_time_to_run(directory: Path) -> None:
    """In place of a time to turn healthy."""
    edit(directory / ".copier-answers.yml", "language: ", "kind: job\nlanguage: ")
    with pytest.raises(ProjectError, match=r"has no limits\.run_seconds"):
        project.load(directory)
    edit(directory / "dockgen.toml", "healthy_seconds = 10", "run_seconds = 90")
    loaded = project.load(directory)
    assert loaded.kind is Workload.JOB
    assert (loaded.limits.run_seconds, loaded.limits.healthy_seconds) == (90.0, 0.0)


def test_an_unknown_kind_is_named(directory: Path) -> None:
    """With the ones that there are."""
    edit(directory / ".copier-answers.yml", "language: ", "kind: daemon\nlanguage: ")
    with pytest.raises(ProjectError, match="kind is daemon, not one of service, worker, job"):
        project.load(directory)


def test_a_folder_without_answers_is_no_project(tmp_path: Path) -> None:
    """Someone else's folder is refused, and the hint says how to start one."""
    with pytest.raises(ProjectError, match=r"isn't a dockgen project: it has no \.copier-answers"):
        project.load(tmp_path)


def test_a_missing_directory_is_no_project(tmp_path: Path) -> None:
    """A mistyped directory is refused in the same words."""
    with pytest.raises(ProjectError, match="isn't a dockgen project"):
        project.load(tmp_path / "nowhere")


def test_a_file_is_no_project(tmp_path: Path) -> None:
    """A file in place of the directory is refused in the same words."""
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="isn't a dockgen project"):
        project.load(tmp_path / "file")


def test_missing_limits_are_named(directory: Path) -> None:
    """Without dockgen.toml there is nothing to hold the image to."""
    (directory / "dockgen.toml").unlink()
    with pytest.raises(ProjectError, match=r"it has no dockgen\.toml"):
        project.load(directory)


@table("name", [".copier-answers.yml", "dockgen.toml"])
def test_an_unfinished_merge_is_named(tmp_path: Path, name: str) -> None:
    """Conflict markers are called that, not a syntax error."""
    directory = sound(tmp_path)
    path = directory / name
    path.write_text(f"<<<<<<< before updating\n{path.read_text()}=======\n>>>>>>> after\n")
    with pytest.raises(ProjectError, match="conflict markers from an unfinished merge"):
        project.load(directory)


@table("name", [".copier-answers.yml", "dockgen.toml"])
def test_binary_content_is_named(tmp_path: Path, name: str) -> None:
    """The error says that the file isn't text."""
    directory = sound(tmp_path)
    (directory / name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProjectError, match="isn't UTF-8 text"):
        project.load(directory)


@table("name", [".copier-answers.yml", "dockgen.toml"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """The operating system's reason is passed on."""
    directory = sound(tmp_path)
    (directory / name).unlink()
    (directory / name).mkdir()
    with pytest.raises(ProjectError, match="is a folder, not a file"):
        project.load(directory)


@table(
    ("content", "message"),
    [
        ("name: [unclosed\n", r"isn't valid YAML in line 2"),
        ("name: my-app\n  port: 8080\n", r"isn't valid YAML in line 2"),
        ("!!python/object/apply:os.system [id]\n", r"isn't valid YAML in line 1"),
        ("name: 2026-99-99\n", r"isn't valid YAML in line 1"),
        ("[" * 5000, r"isn't valid YAML in line 1"),
        ("- a list\n", r"has no answers"),
        ("", r"has no answers"),
    ],
)
def test_broken_answers_are_named(tmp_path: Path, content: str, message: str) -> None:
    """Every YAML error becomes one line that names the file."""
    directory = sound(tmp_path)
    (directory / ".copier-answers.yml").write_text(content)
    with pytest.raises(ProjectError, match=message):
        project.load(directory)


@table(
    ("old", "new", "message"),
    [
        ("name: my-app\n", "", "has no answer for name"),
        ("_commit: v0.1.0\n", "", "has no answer for _commit"),
        ("language: python", "language: cobol", "language is cobol, not one of go, python, node"),
        ("flavor: slim", "flavor: 7", "has no answer for flavor"),
        ("flavor: slim", "flavor: fat", "flavor is fat, not one of slim, alpine, scratch"),
        ("port: 8080\n", "", "port is None, not a number from 1024 to 65535"),
        ("port: 8080", "port: 80", "port is 80, not a number from 1024 to 65535"),
        ("port: 8080", "port: '8080'x", "isn't valid YAML"),
        ("port: 8080", "port: eighty", "port is eighty, not a number from 1024 to 65535"),
    ],
)
def test_impossible_answers_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    """An answer that can't be one is named, with what it could be."""
    directory = sound(tmp_path)
    edit(directory / ".copier-answers.yml", old, new)
    with pytest.raises(ProjectError, match=message):
        project.load(directory)


@table(
    "content",
    ["[limits\n", "limits = \n", "a = 1\na = 2\n", "a = " + "[" * 5000],
)
def test_bad_toml_is_named(tmp_path: Path, content: str) -> None:
    """Every TOML error becomes one line that names the file."""
    directory = sound(tmp_path)
    (directory / "dockgen.toml").write_text(content)
    with pytest.raises(ProjectError, match=r"dockgen\.toml isn't valid TOML"):
        project.load(directory)


def test_limits_have_a_section(directory: Path) -> None:
    """A dockgen.toml without its section is named."""
    edit(directory / "dockgen.toml", "[limits]", "[other]")
    with pytest.raises(ProjectError, match=r"has no \[limits\] section"):
        project.load(directory)


@table("key", ["size_mb", "healthy_seconds", "stop_seconds"])
def test_a_missing_limit_is_named(tmp_path: Path, key: str) -> None:
    """No limit is not an endless limit."""
    directory = sound(tmp_path)
    edit(directory / "dockgen.toml", key, f"{key}_of_yore")
    with pytest.raises(ProjectError, match=f"has no limits.{key}"):
        project.load(directory)


@table(
    ("line", "value"),
    itertools.product(
        ["size_mb = 6.9", "healthy_seconds = 10", "stop_seconds = 2.5"],
        ["-1", "0", "nan", "inf", "-inf", "true", '"125"', "[125]"],
    ),
)
def test_an_impossible_limit_is_named(tmp_path: Path, line: str, value: str) -> None:
    """A limit must be a finite number above 0."""
    directory = sound(tmp_path)
    key = line.partition(" ")[0]
    edit(directory / "dockgen.toml", line, f"{key} = {value}")
    with pytest.raises(ProjectError, match=f"limits.{key} is .*, not a number above 0 and up to"):
        project.load(directory)


def test_each_error_has_a_next_step(tmp_path: Path) -> None:
    """The hint is a command."""
    with pytest.raises(ProjectError) as caught:
        project.load(tmp_path)
    assert caught.value.hint == "create one: dockgen new"


RULES = """
[rules]
required_labels = ["org.opencontainers.image.source"]
allowed_registries = ["registry.example.com/hub", "ghcr.io"]

[rules.ignored]
DG103 = "slow on purpose"
DG104 = { reason = "for now", until = 2030-01-31 }
"""


def test_reads_a_policy(directory: Path) -> None:
    """It has the rules besides the limits."""
    (directory / "dockgen.toml").write_text(LIMITS + RULES)
    assert project.load(directory).policy == Policy(
        required_labels=("org.opencontainers.image.source",),
        allowed_registries=("registry.example.com/hub", "ghcr.io"),
        ignored={
            "DG103": Ignored("slow on purpose"),
            "DG104": Ignored("for now", date(2030, 1, 31)),
        },
    )


def test_a_policy_is_empty_without_a_section(directory: Path) -> None:
    """As in every project that has no answer for it."""
    assert project.load(directory).policy == Policy()


@table(
    ("rules", "words"),
    [
        ("rules = 1\n", "rules isn't a section"),
        ("[rules]\nsize = 1\n", r"rules\.size is unknown"),
        ("[rules]\nrequired_labels = 'a'\n", "rules.required_labels is a, not a list of texts"),
        ("[rules]\nrequired_labels = ['']\n", "not a list of texts"),
        ("[rules]\nallowed_registries = [1]\n", "rules.allowed_registries is .1., not a list"),
        ("[rules]\nignored = ['DG103']\n", "rules.ignored isn't a section"),
        ("[rules.ignored]\nDG999 = 'x'\n", "rules.ignored.DG999 isn.t a rule"),
        ("[rules.ignored]\nDG103 = 1\n", "rules.ignored.DG103 is 1, not a reason"),
        ("[rules.ignored]\nDG103 = ' '\n", "rules.ignored.DG103 is .*, not a reason"),
        (
            "[rules.ignored]\nDG103 = {until = 2030-01-31}\n",
            "rules.ignored.DG103.reason is missing",
        ),
        ("[rules.ignored]\nDG103 = {reason = 'x', by = 1}\n", "rules.ignored.DG103.by is unknown"),
        ("[rules.ignored]\nDG103 = {reason = 'x', until = '2030'}\n", "until is 2030, not a day"),
        (
            "[rules.ignored]\nDG103 = {reason = 'x', until = 2030-01-31T00:00:00}\n",
            "until is 2030-01-31 00:00:00, not a day",
        ),
    ],
)
def test_a_broken_policy_is_named(tmp_path: Path, rules: str, words: str) -> None:
    """By its key; a rule that isn't asked because of a typing error would be a false promise."""
    directory = sound(tmp_path)
    (directory / "dockgen.toml").write_text(rules + LIMITS if "=" in rules[:9] else LIMITS + rules)
    with pytest.raises(ProjectError, match=words):
        project.load(directory)
