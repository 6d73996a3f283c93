"""`runtime_packages`: an additional step, the same for any form of the answer.

tests/images/test_packages.py builds it.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import languages, matrix
from dockgen.matrix import Cell, Flavor
from tests import linters
from tests.conftest import ROOT, Make, PlainCopier, Run, of, tree
from tests.integration.templates.test_team_answers import refusal
from tests.table import table

CELLS = [cell for cell in matrix.ALL if cell.flavor is not Flavor.SCRATCH]
each_packed_cell = pytest.mark.parametrize("cell", CELLS, ids=str)

# What a package may be called, and what would mean something else to apt, apk or a shell.
GOOD = ["ffmpeg", "g++", "libstdc++6", "python3.13", "a", "7zip", "x" * 128]
BAD = [
    "FFmpeg",
    "tini-",
    "-tini",
    "--purge",
    "+tini",
    ".tini",
    "tini=1.0",
    "tini:arm64",
    "tini/trixie",
    "tini~1",
    "tini*",
    "a;b",
    "a&&b",
    "$(a)",
    "`a`",
    "${HOME}",
    "{{ name }}",
    "a\\",
    "a b",
    "a\nRUN x",
    "a\n",
    "é",
    "",
    "x" * 129,
]


def step(project: Path) -> str:
    """Return the comment and the instruction that install packages, or ""."""
    text = (project / "Dockerfile").read_text()
    found = re.findall(r"(?m)^# Packages that the service needs(?:.|\n)*?\n(?=\n)", text)
    assert len(found) <= 1
    return found[0] if found else ""


def test_the_step_is_all_that_is_added(make: Make) -> None:
    """Right below the base, and the linter has nothing to say."""
    dockerfiles = []
    for cell in CELLS:
        plain = (make(**of(cell)) / "Dockerfile").read_text()
        project = make(**of(cell), runtime_packages=["ffmpeg"])
        dockerfiles.append(project / "Dockerfile")
        text = dockerfiles[-1].read_text()
        base, added = next(line for line in text.splitlines() if " AS base" in line), step(project)
        assert f"{base}\n{added}" in text
        # The platform of Go's base counts for no step else.
        assert text.replace(added, "") == plain.replace(". No step runs in it", "")
    assert linters.hadolint(dockerfiles) == ""


@each_packed_cell
def test_the_step_is_the_distribution_s(make: Make, cell: Cell) -> None:
    """Each package once, one a line, by name."""
    names = ["tini", "ffmpeg", "tini"]
    text = step(make(**of(cell), runtime_packages=names))
    assert re.findall(r"^ {8}([a-z]+) \\$", text, re.MULTILINE) == ["ffmpeg", "tini"]
    assert text.count("\nRUN ") == 1
    slim = cell.flavor is Flavor.SLIM
    assert ("apt-get install -y --no-install-recommends" in text) == slim
    assert ("apk add --no-cache" in text) == (not slim)


def test_without_packages_there_is_no_trace(make: Make) -> None:
    """An empty list is the default, also on scratch."""
    for cell in matrix.ALL:
        project = make(**of(cell), runtime_packages=[])
        assert tree(project) == tree(make(**of(cell)))
        assert step(project) == ""


def test_each_way_to_write_it_is_the_same(make: Make) -> None:
    """A list, and words with spaces or commas between them; what is recorded gives it again."""
    for given in [
        ["tini", "ffmpeg"],
        "ffmpeg tini",
        "ffmpeg, tini",
        "tini,ffmpeg",
        "[ffmpeg, tini]",
    ]:
        first = make(runtime_packages=["ffmpeg", "tini"])
        project = make(runtime_packages=given)
        assert step(project) == step(first) != ""
        recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
        again = make(runtime_packages=recorded["runtime_packages"])
        assert tree(again) == tree(project)


def test_it_is_a_flag(inline: Run, tmp_path: Path) -> None:
    """A single word is one package, and the limit that leaves room for it is explained."""
    done = inline("new", "my-app", "--defaults", "--runtime-packages", "ffmpeg")
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    assert "at most 1125 MB" in words
    assert "lower it in dockgen.toml to what dockgen check measures" in words
    assert "        ffmpeg \\\n" in step(tmp_path / "my-app")


def test_nothing_is_said_of_packages_without_them(inline: Run) -> None:
    """The files are the same as before."""
    assert "packages" not in inline("new", "my-app", "--defaults").stdout


@each_packed_cell
def test_plain_copier_gives_the_same(
    make: Make, plain_copier: PlainCopier, tmp_path: Path, cell: Cell
) -> None:
    """The answers are understood in the template, not in dockgen."""
    answers = {**of(cell), "runtime_packages": "tini file"}
    plain_copier(tmp_path / "my-app", answers)
    plain, ours = tree(tmp_path / "my-app"), tree(make(**answers))
    del plain[".copier-answers.yml"], ours[".copier-answers.yml"]
    assert plain == ours


def test_names_of_packages_are_taken(make: Make) -> None:
    """As Debian and Alpine have them."""
    for name in GOOD:
        assert f"        {name} \\\n" in step(make(runtime_packages=[name]))


def test_other_names_are_refused(make: Make) -> None:
    """In one line, whatever is in it, and also behind a good one."""
    for name in BAD:
        words = (
            "isn't a package name: use lower-case letters, digits, + . and -, not ending with a"
            " dash"
        )
        message = refusal(make, runtime_packages=["ffmpeg", name])
        assert message.startswith("runtime_packages: ")
        assert message.endswith(words)
        assert len(message) < 150


def test_what_is_no_list_of_names_is_refused(make: Make) -> None:
    """The message has an example."""
    for answer in [None, 1, True, {"a": 1}, [1], [["a"]], [None]]:
        words = "runtime_packages: use names of packages, such as ffmpeg or [ffmpeg, tini]"
        assert refusal(make, runtime_packages=answer) == words


@table(
    ("language", "flavors"),
    [("go", "alpine or slim"), ("python", "slim or alpine"), ("node", "slim or alpine")],
)
def test_scratch_is_refused_with_the_nearest_flavor_first(
    make: Make, language: str, flavors: str
) -> None:
    """Python and Node on scratch use Debian's C library, and Go none."""
    answers = {"language": language, "flavor": "scratch", "runtime_packages": "ffmpeg"}
    words = f"runtime_packages: scratch has no package manager: choose --flavor {flavors}"
    assert refusal(make, **answers) == words


def test_a_flavor_that_is_taken_away_is_not_proposed(make: Make) -> None:
    """Errors don't suggest a flavor that the team doesn't allow."""
    answers: dict[str, Any] = {"language": "go", "flavor": "scratch", "runtime_packages": "ffmpeg"}
    unavailable = {"flavor": {"alpine": "nobody here knows musl"}}
    message = refusal(make, unavailable=unavailable, **answers)
    assert message.endswith("choose --flavor slim")


@each_packed_cell
def test_the_limit_leaves_room(make: Make, cell: Cell) -> None:
    """1000 MB, with the reason; a project that knows better says so."""
    promised = languages.limits()[cell.language][cell.flavor]["promised"]
    text = (make(**of(cell), runtime_packages=["a"]) / "dockgen.toml").read_text()
    assert tomllib.loads(text)["limits"]["size_mb"] == promised + 1000
    assert f"\n# {promised:g} is the limit without packages." in text
    own = make(**of(cell), runtime_packages=["a"], policy={"size_mb": 300})
    text = (own / "dockgen.toml").read_text()
    assert tomllib.loads(text)["limits"]["size_mb"] == 300
    assert "packages" not in text


@each_packed_cell
def test_the_read_me_names_them(make: Make, cell: Cell) -> None:
    """It says that the tests don't have them."""
    project = make(**of(cell), runtime_packages=["tini", "file"])
    text = (project / "README.md").read_text()
    distribution = {"slim": "Debian", "alpine": "Alpine"}[cell.flavor]
    assert (
        f"packages of {distribution} and their dependencies are also installed: `file`, `tini`."
        in text
    )
    assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z", text)


# Answers that can't be true together, what is said, and the same without the conflict.
PAIRS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    (
        {"unmanaged": ["Dockerfile"], "runtime_packages": "tini"},
        "unmanaged: it can't contain Dockerfile if runtime_packages is set: install them in"
        " that Dockerfile,"
        " and leave runtime_packages empty",
        {"unmanaged": ["Dockerfile"]},
    ),
    (
        {"unmanaged": [".copier-answers.yml"]},
        "unmanaged: it can't contain .copier-answers.yml: updates need the answers in it",
        {"unmanaged": ["compose.yaml"]},
    ),
    (
        {"unmanaged": 1},
        "unmanaged: use a list of paths, such as [Dockerfile]",
        {"unmanaged": ["README.md"], "runtime_packages": "tini"},
    ),
    (
        {"language": "python", "language_version": "24"},
        "language_version: python 24 doesn't exist: choose one such as 3.14",
        {"language": "python", "language_version": "3.13"},
    ),
    (
        {"language": "go", "language_version": "3.14"},
        "language_version: go 3.14 doesn't exist: choose one such as 1.27",
        {"language": "go", "language_version": "1.26.1"},
    ),
    (
        {"language": "python", "language_version": "3.10"},
        "language_version: the packages are locked for Python 3.11 or later: choose one such as"
        " 3.14",
        {"language": "python", "language_version": "3.11"},
    ),
    (
        {"language": "go", "language_version": "1.23"},
        "language_version: the sample app needs Go 1.24 or later: choose one such as 1.27",
        {"language": "go", "language_version": "1.24"},
    ),
    (
        {"language": "node", "language_version": "3.14"},
        "language_version: Express 5 needs Node 18 or later: choose one such as 24",
        {"language": "node", "language_version": "22"},
    ),
    (
        {"language": "node", "framework": "vite", "language_version": "21"},
        "language_version: Vite 8 needs Node 20.19, 22.13, 23.5 or later: choose one such as 24",
        {"language": "node", "framework": "vite", "language_version": "22"},
    ),
    (
        {"language": "node", "framework": "vite", "language_version": "20.18"},
        "language_version: Vite 8 needs Node 20.19, 22.13, 23.5 or later: choose one such as 24",
        {"language": "node", "framework": "vite", "language_version": "20.19"},
    ),
    (
        {"language": "node", "framework": "vite", "language_version": "22.12"},
        "language_version: Vite 8 needs Node 20.19, 22.13, 23.5 or later: choose one such as 24",
        {"language": "node", "framework": "vite", "language_version": "24.0"},
    ),
    (
        {"language": "node", "framework": "fastify", "language_version": "20"},
        "language_version: the locked packages of Fastify need Node 22 or later: choose one such as"
        " 24",
        {"language": "node", "framework": "fastify", "language_version": "22"},
    ),
    (
        {"language": "node", "package_manager": "pnpm", "language_version": "22.12"},
        "language_version: pnpm 11 needs Node 22.13 or later: choose one such as 24, or"
        " --package-manager npm",
        {"language": "node", "package_manager": "pnpm", "language_version": "22.13"},
    ),
    (
        {"language": "python", "package_manager": "uv", "name": "flask"},
        "package_manager: uv can't install the package flask, which the sample apps need, into"
        " a project with the same name: choose another --name",
        {"language": "python", "package_manager": "uv", "name": "my-flask"},
    ),
    (
        {"language": "python", "package_manager": "poetry", "name": "click"},
        "package_manager: poetry can't install the package click, which the sample apps need,"
        " into a project with the same name: choose another --name",
        {"language": "python", "package_manager": "pip", "name": "click"},
    ),
    (
        # Only the sample apps need those packages.
        {"package_manager": "uv", "name": "flask"},
        "package_manager: uv can't install the package flask, which the sample apps need, into"
        " a project with the same name: choose another --name",
        {"package_manager": "uv", "name": "flask", "existing": {"command": ["serve"]}},
    ),
    (
        {"language": "node", "framework": "vite", "flavor": "scratch"},
        "flavor: scratch has no program for a health check of nginx: choose alpine or slim",
        {"language": "node", "framework": "vite", "flavor": "alpine"},
    ),
    (
        # A team prefers it: then the flavor is answered before the framework.
        {"language": "node", "preferred": {"framework": "vite"}, "flavor": "scratch"},
        "framework: scratch has no program for a health check of nginx: choose --flavor "
        "alpine or slim",
        {"language": "node", "preferred": {"framework": "vite"}, "flavor": "slim"},
    ),
    (
        {"kind": "worker", "framework": "flask"},
        "framework: a worker has no framework: choose --framework stdlib, or --kind service",
        {"kind": "worker", "framework": "stdlib"},
    ),
    (
        {"language": "go", "language_version": "1"},
        "language_version: use digits and dots, such as 1.27: go.mod doesn't allow a single number",
        {"language": "python", "language_version": "3"},
    ),
    (
        {"language": "node", "package_manager": "pnpm", "language_version": "21"},
        "language_version: pnpm 11 needs Node 22.13 or later: choose one such as 24, or"
        " --package-manager npm",
        {"language": "node", "package_manager": "pnpm", "language_version": "23"},
    ),
    (
        {"port": 1023},
        "port: 1024 to 65535, because the service doesn't run as root",
        {"port": 1024},
    ),
    (
        {"port": 65536},
        "port: 1024 to 65535, because the service doesn't run as root",
        {"port": 65535},
    ),
    (
        {"registry": "a" * 201},
        "registry: use at most 200 characters",
        {"registry": "a" * 200},
    ),
    (
        {"labels": ["a"]},
        "labels: use a mapping of names to texts, such as {org.opencontainers.image.vendor: Acme}",
        {"labels": {"a": "b"}},
    ),
    (
        {"labels": {"a": 1}},
        "labels: use values of one line with 1 to 256 characters",
        {"labels": {"a": "1", "x.com.docker.a": "1"}},
    ),
    (
        {"labels": {b"a": "1"}},
        "labels: use names of lower-case letters and digits, separated by dots and dashes; Docker's"
        " own are reserved",
        {"labels": {"a": "1"}},
    ),
    (
        {"language": "go", "flavor": "scratch", "cgo": True},
        "flavor: cgo needs a C library, and scratch has none: choose slim",
        {"language": "go", "flavor": "slim", "cgo": True},
    ),
    (
        {"language": "python", "cgo": True},
        "cgo: cgo is only for Go: leave it out for python",
        {"language": "python", "cgo": False},
    ),
]


def test_an_impossible_pair_is_refused(make: Make) -> None:
    """With the reason and the way on, which works."""
    for answers, words, others in PAIRS:
        assert refusal(make, **answers) == words
        assert make(**others).is_dir()


@table("version", ["", "v3", "3.", "3.14-slim", "03", "3.014", "3.1.2.3", "3.14\n", "3" + "0" * 9])
def test_what_is_no_version_is_refused(make: Make, version: str) -> None:
    """No base image's tag begins with it."""
    message = refusal(make, language_version=version)
    assert message == "language_version: use digits and dots, such as 3.14"


def test_the_names_that_python_needs_are_known() -> None:
    """They are those of the lock files; a new dependency belongs into language.yml's list."""
    known = languages.load()["python"]["packages"]
    python = ROOT / "templates/python"
    locked = {
        name
        for path in (
            *python.glob("apps/*/poetry-packages.toml"),
            *python.glob("apps/*/pdm-packages.toml"),
            *python.glob("apps/*/requirements*.txt"),
        )
        for name in re.findall(
            r'^(?:name = ")?([a-z0-9-]+)(?="$|==)', path.read_text(), re.MULTILINE
        )
    }
    assert set(known) == locked
