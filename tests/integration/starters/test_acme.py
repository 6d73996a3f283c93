"""examples/starters/acme: what a team can change, and how it reaches projects."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import render_examples
import yaml

from dockgen import languages, questions, source, starter, template
from dockgen.matrix import Cell, Flavor, Language
from dockgen.starter import scaffold
from tests.conftest import PLAIN, ROOT, Render, tree
from tests.integration.starters.conftest import Run
from tests.integration.update.conftest import commit, edit, git

ACME = ROOT / "examples/starters/acme"
BIN = ROOT / ".venv/bin"
CELLS = [
    Cell(language, flavor)
    for language in (Language.GO, Language.PYTHON)
    for flavor in (Flavor.SLIM, Flavor.SCRATCH)
]
each_acme_cell = pytest.mark.parametrize("cell", CELLS, ids=str)


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole starter, with its base/."""
    return scaffold.write(render_examples.acme(), tmp_path_factory.mktemp("starter") / "acme")


@pytest.fixture(scope="session")
def projects(acme: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Cell, Path]:
    """A project of each of its cells."""
    folder = tmp_path_factory.mktemp("acme")
    made = {}
    with source.working_copy(acme) as origin:
        for cell in CELLS:
            answers = {"name": "my-app", "language": cell.language, "flavor": cell.flavor}
            made[cell] = template.render(folder / str(cell), answers, (), origin).directory
    return made


@pytest.fixture
def repository(acme: Path, person: Path) -> Path:
    """The starter in a repository of its own, with its first release.

    That one has no owner yet, no catalog-info.yaml and no block for Python alone.
    """
    folder = person / "acme-starter"
    shutil.copytree(acme, folder)
    question = r"\n# Who is called.*?\{% endif %\}\n"
    (folder / "copier.yml").write_text(
        re.sub(question, "", (folder / "copier.yml").read_text(), count=1, flags=re.DOTALL)
    )
    edit(folder / "starter.toml", 'owner = "payments", ', "")
    for path in sorted(folder.rglob("catalog-info.yaml.jinja")):
        path.unlink()
    edit(folder / "templates/shared/labels.jinja", ' \\\n    com.acme.owner="{{ owner }}"', "")
    python = folder / "templates/python/project/Dockerfile.jinja"
    block = r"\n\{% block runtime %\}.*?\{% endblock %\}\n"
    python.write_text(re.sub(block, "", python.read_text(), flags=re.DOTALL))
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    commit(folder, "Start")
    git("tag", "--annotate", "v1.0.0", "--message", "v1.0.0", cwd=folder)
    return folder


def release_second(acme: Path, repository: Path) -> None:
    """Commit the example to the repository as the second release."""
    for path in sorted(repository.iterdir()):
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(acme, repository, dirs_exist_ok=True)
    commit(repository, "Owners")
    git("tag", "--annotate", "v2.0.0", "--message", "v2.0.0", cwd=repository)


def copier(*arguments: str | Path, cwd: Path) -> str:
    """Run plain copier, which asks for no --trust."""
    done = subprocess.run(
        [sys.executable, "-m", "copier", *arguments],
        cwd=cwd, env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_is_what_make_examples_writes(tmp_path: Path) -> None:
    """All but the team's own files is as `dockgen starter init` makes it now."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/render_examples.py", tmp_path / "examples"],
        cwd=ROOT, env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    committed, written = tree(ACME), tree(tmp_path / "examples/starters/acme")
    assert sorted(committed) == sorted(written)
    changed = [name for name in committed if committed[name] != written[name]]
    assert changed == [], "run `make examples`, and review the difference"


def test_a_block_is_overridden_in_all_languages(projects: dict[Cell, Path]) -> None:
    """Each image says whose it is."""
    for project in projects.values():
        assert (
            'LABEL org.opencontainers.image.vendor="Acme" \\\n    com.acme.owner="platform"\n'
            in (project / "Dockerfile").read_text()
        )


def test_a_block_is_extended_in_one_language(projects: dict[Cell, Path]) -> None:
    """Python's images alone have the setting, and all of dockgen's steps."""
    found = {
        cell for cell in CELLS if "FAULTHANDLER" in (projects[cell] / "Dockerfile").read_text()
    }
    assert found == {cell for cell in CELLS if cell.language == Language.PYTHON}


@each_acme_cell
def test_only_what_it_changes_is_different(
    projects: dict[Cell, Path], rendered_project: Render, cell: Cell
) -> None:
    """Another file, one less, GitHub's files and how to leave them, and lines of three files."""
    ours, own = tree(projects[cell]), tree(rendered_project(cell))
    workflows = {name for name in ours if name.startswith(".github/")}
    assert set(ours) - set(own) == {"catalog-info.yaml", *workflows}
    assert workflows != set()
    assert set(own) - set(ours) == {".editorconfig"}
    changed = {name for name in own if name in ours and ours[name] != own[name]}
    limit = {"dockgen.toml"} if str(cell) == "python-slim" else set()
    assert changed == {".copier-answers.yml", "Dockerfile", "README.md"} | limit


def test_a_question_is_added(acme: Path, projects: dict[Cell, Path]) -> None:
    """Its answer is in the added file, and is looked at."""
    facts = yaml.safe_load((projects[CELLS[0]] / "catalog-info.yaml").read_text())
    assert facts["metadata"]["name"] == "my-app"
    assert facts["spec"]["owner"] == "platform"
    by_name = {entry.name: entry for entry in questions.load(acme / "copier.yml")}
    assert by_name["owner"].asked
    assert "ci" not in by_name


def test_a_bad_answer_to_it_is_refused(
    run: Run, acme: Path, repository: Path, person: Path
) -> None:
    """By the starter's own validator."""
    release_second(acme, repository)
    assert run("starter", "add", "acme", repository).code == 0
    done = run("new", "--starter", "acme", "my-app", "--defaults", "--owner", "Nobody!")
    assert done.code == 2
    assert "owner: lower-case letters" in done.errors
    assert not (person / "my-app").exists()


def test_choices_are_narrowed(acme: Path) -> None:
    """No alpine, and no Node."""
    by_name = {entry.name: entry for entry in questions.load(acme / "copier.yml")}
    assert by_name["language"].choices == ("go", "python")
    assert by_name["flavor"].choices == ("slim", "scratch")


def test_a_limit_is_changed(projects: dict[Cell, Path]) -> None:
    """python-slim may weigh what Acme says, the others what dockgen says."""
    limits = {
        cell: tomllib.loads((projects[cell] / "dockgen.toml").read_text())["limits"]["size_mb"]
        for cell in CELLS
    }
    wanted = {cell: languages.limits()[cell.language][cell.flavor]["promised"] for cell in CELLS}
    assert limits == wanted | {Cell(Language.PYTHON, Flavor.SLIM): 140}


def test_base_images_have_their_full_names(projects: dict[Cell, Path]) -> None:
    """They are the same images, without a registry of one's own."""
    for project in projects.values():
        text = (project / "Dockerfile").read_text()
        stages = set(re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE)) | {"scratch"}
        bases = re.findall(r"^FROM (?:--platform=\S+ )?(\S+)", text, re.MULTILINE)
        named = set(bases) - stages
        assert named != set()
        assert all(base.startswith("docker.io/library/") for base in named)


@each_acme_cell
def test_dockerfile_passes_hadolint(projects: dict[Cell, Path], cell: Cell) -> None:
    """At style level, as dockgen's own do."""
    done = subprocess.run(
        [BIN / "hadolint", "--no-color", "--disable-ignore-pragma", "--failure-threshold", "style",
         *(f"--ignore={rule}" for rule in ("DL3008", "DL3018")), "Dockerfile"],
        cwd=projects[cell], capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""


@each_acme_cell
def test_output_is_tidy(projects: dict[Cell, Path], cell: Cell) -> None:
    """There are no blank lines from blocks and comments, and no Jinja."""
    for name in ("Dockerfile", "catalog-info.yaml"):
        text = (projects[cell] / name).read_text()
        assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z|\A\n|\{%|\{#|\{\{", text), name


def test_each_test_of_its_own_can_be_rendered(acme: Path, tmp_path: Path) -> None:
    """The answers in starter.toml are allowed."""
    cases = tomllib.loads((ACME / "starter.toml").read_text())["test"]
    assert [case["name"] for case in cases] == ["payments"]
    with source.working_copy(acme) as origin:
        for case in cases:
            made = template.render(tmp_path / case["name"], case["answers"], (), origin)
            assert made.answers["owner"] == "payments"


def test_starter_toml_names_what_base_is(acme: Path) -> None:
    """As in its questionnaire."""
    settings = starter.load(ACME)
    entries = questions.read(acme / "copier.yml")
    assert entries["dockgen_source"]["default"].endswith(f"@{settings.base}")
    assert settings.name == entries["starter_name"]["default"] == "acme"


def edited(project: Path) -> None:
    """Edit and commit a project, as its owner would."""
    with (project / "README.md").open("a") as stream:
        stream.write("\n## Ours\n\nA line of the project's own.\n")
    edit(project / "compose.yaml", "mem_limit: 256m", "mem_limit: 512m")
    git("init", "--quiet", "--initial-branch=main", cwd=project)
    commit(project, "Work")


def require_second(project: Path) -> None:
    """Check that the project has the second release's changes and its owner's edits."""
    dockerfile = (project / "Dockerfile").read_text()
    assert 'com.acme.owner="platform"' in dockerfile
    assert "PYTHONFAULTHANDLER" in dockerfile
    assert yaml.safe_load((project / "catalog-info.yaml").read_text())["kind"] == "Component"
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert (answers["_commit"], answers["owner"]) == ("v2.0.0", "platform")
    assert (project / "README.md").read_text().endswith("A line of the project's own.\n")
    assert "mem_limit: 512m" in (project / "compose.yaml").read_text()
    assert git("ls-files", "--unmerged", cwd=project) == ""


def test_projects_follow_its_releases(run: Run, acme: Path, repository: Path, person: Path) -> None:
    """From `dockgen new --starter` to `dockgen update`."""
    assert run("starter", "add", "acme", repository).code == 0
    done = run("new", "--starter", "acme", "my-app", "--defaults")
    assert done.code == 0, done.errors
    project = person / "my-app"
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert answers["_commit"] == "v1.0.0"
    assert "vendor" in (project / "Dockerfile").read_text()
    assert not (project / "catalog-info.yaml").exists()
    edited(project)
    release_second(acme, repository)
    done = run("update", project)
    assert done.code == 0, done.errors
    require_second(project)


def test_projects_follow_it_with_plain_copier(acme: Path, repository: Path, person: Path) -> None:
    """From `copier copy` to `copier update`, without --trust."""
    copier("copy", "--defaults", repository, person / "my-app", cwd=person)
    project = person / "my-app"
    assert not (project / "catalog-info.yaml").exists()
    edited(project)
    release_second(acme, repository)
    copier("update", "--defaults", cwd=project)
    require_second(project)


def test_a_project_of_copier_is_updated_by_dockgen(
    run: Run, acme: Path, repository: Path, person: Path
) -> None:
    """Both record the same; the starter has to be registered."""
    copier("copy", "--defaults", repository, person / "my-app", cwd=person)
    edited(person / "my-app")
    release_second(acme, repository)
    done = run("update", "my-app")
    assert done.code == 3
    assert "starter add" in done.errors
    assert run("starter", "add", "acme", repository).code == 0
    done = run("update", "my-app")
    assert done.code == 0, done.errors
    require_second(person / "my-app")
