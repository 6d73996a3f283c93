"""examples/: the committed output of every cell, which is what users receive."""

import re
import subprocess
import tomllib

import pytest
import yaml

from dockgen import matrix
from dockgen.matrix import Cell
from tests.conftest import ROOT, Make, Render, each_cell, of, tree

EXAMPLES = ROOT / "examples"
BIN = ROOT / ".venv/bin"


def test_there_is_one_for_each_cell() -> None:
    """No cell without an example, no example without a cell."""
    projects = {path.name for path in EXAMPLES.iterdir()} - {"starters"}
    assert projects == {str(cell) for cell in matrix.ALL}


@each_cell()
def test_is_what_the_templates_render(rendered_project: Render, cell: Cell) -> None:
    """`make examples` was run after the last change of a template."""
    committed, rendered = tree(EXAMPLES / str(cell)), tree(rendered_project(cell))
    assert sorted(committed) == sorted(rendered)
    changed = [name for name in committed if committed[name] != rendered[name]]
    assert changed == [], "run `make examples`, and review the difference"


@each_cell()
def test_is_tidy(cell: Cell) -> None:
    """Text ends in one newline; no trailing blanks, no double blank lines but in Python."""
    untidy = []
    for name, content in tree(EXAMPLES / str(cell)).items():
        text = content.decode()
        blank_lines = 3 if name.endswith((".py", ".py.jinja")) else 2
        if (
            not text.endswith("\n")
            or text.endswith("\n\n")
            or re.search(r"[ \t]\n", text)
            or "\n" * (blank_lines + 1) in text
            or text.startswith("\n")
        ):
            untidy.append(name)
    assert untidy == []


@each_cell()
def test_carries_no_trace_of_the_generator(cell: Cell) -> None:
    """Nothing of Jinja is left in a user's files."""
    marked = [
        name
        for name, content in tree(EXAMPLES / str(cell)).items()
        if re.search(rb"\{\{|\{%|\{#|\.jinja", content)
    ]
    assert marked == []


@each_cell()
def test_lock_files_carry_no_download_address(cell: Cell) -> None:
    """Hashes say what to install; from where is the machine's own setting, such as a mirror."""
    lock_files = {"requirements.txt", "requirements-dev.txt", "package-lock.json", "go.sum"}
    addresses = re.compile(r"\"resolved\"|-index-url|--find-links|(?<!\"url\": \")https?://")
    named = [
        name
        for name, content in tree(EXAMPLES / str(cell)).items()
        if name in lock_files and addresses.search(content.decode())
    ]
    assert named == []


@each_cell()
def test_from_lines_are_literal(cell: Cell) -> None:
    """So that Renovate can edit them; and there is no frontend image to pull."""
    dockerfile = (EXAMPLES / str(cell) / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (?:--platform=\$BUILDPLATFORM )?(\S+)", dockerfile, re.MULTILINE)
    stages = set(re.findall(r"^FROM .* AS (\S+)$", dockerfile, re.MULTILINE))
    for base in set(bases) - stages - {"scratch"}:
        assert re.fullmatch(r"[a-z]+:[a-z0-9.-]+", base), base
        assert not base.endswith(":latest")
    assert "# syntax=" not in dockerfile
    assert "ARG" not in dockerfile.split("FROM")[0]


@each_cell()
def test_dockerfile_passes_hadolint(cell: Cell) -> None:
    """At style level, without pragmas."""
    done = subprocess.run(
        [BIN / "hadolint", "--no-color", "--disable-ignore-pragma", "--failure-threshold", "style",
         *(f"--ignore={rule}" for rule in ("DL3008", "DL3018")), "Dockerfile"],
        cwd=EXAMPLES / str(cell), capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""


@each_cell()
def test_compose_file_keeps_to_the_specification(cell: Cell) -> None:
    """Unknown keys are mistakes."""
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
        cwd=EXAMPLES / str(cell), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@each_cell()
def test_yaml_passes_yamllint(cell: Cell) -> None:
    """Its default rules, and lines of up to 100 characters."""
    rules = "{extends: default, rules: {line-length: {max: 100}, document-start: disable}}"
    done = subprocess.run(
        [BIN / "yamllint", "--strict", "-d", rules, "compose.yaml"],
        cwd=EXAMPLES / str(cell), capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == ""


@each_cell()
def test_compose_file_hardens_the_container(cell: Cell) -> None:
    """Read-only root, no capabilities, no new privileges, limits on memory and processes."""
    compose = yaml.safe_load((EXAMPLES / str(cell) / "compose.yaml").read_text())
    (service,) = [service for service in compose["services"].values() if "ports" in service]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    assert service.get("mem_limit") or limits.get("memory")
    assert service.get("pids_limit") or limits.get("pids")


@each_cell()
def test_limit_is_the_promised_one(cell: Cell) -> None:
    """dockgen.toml repeats the table in copier.yml."""
    table = yaml.safe_load((ROOT / "copier.yml").read_text())["limits"]["default"]
    settings = tomllib.loads((EXAMPLES / str(cell) / "dockgen.toml").read_text())
    promised = table[cell.language][cell.flavor]["promised"]
    assert settings["limits"]["size_mb"] == promised


@each_cell()
def test_readme_names_only_files_and_commands_that_exist(cell: Cell) -> None:
    """Commands are Docker's and dockgen's; files in backquotes are in the project."""
    project = EXAMPLES / str(cell)
    readme = (project / "README.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    typed = [block for language, block in blocks if language in {"", "sh"}]
    commands = [line for block in typed for line in block.splitlines() if line.strip()]
    programs = {re.sub(r"^[A-Z_]+=\S+ ", "", command).split()[0] for command in commands}
    programs -= {"chmod", "echo", "mkdir", "printf"}  # every shell has them, or every Unix
    assert programs <= {"docker", "dockgen", "curl", "rm", "cp"}, programs
    assert "docker compose up --build --wait" in readme
    assert "docker build --target test ." in readme
    named = set(re.findall(r"`([\w./-]+\.(?:toml|yml|yaml|json|txt|py|js|go|mod|md))`", readme))
    missing = {name for name in named if not (project / name).exists()}
    assert missing <= {"compose.override.yaml", "tsconfig.json"}  # the reader's own


@each_cell()
def test_says_which_engine_it_needs(cell: Cell) -> None:
    """An older one stops at the HEALTHCHECK, above which the reason stands."""
    words = "Docker Engine 25 or later"
    assert words in (EXAMPLES / str(cell) / "README.md").read_text().replace("\n", " ")
    above = (EXAMPLES / str(cell) / "Dockerfile").read_text().partition("\nHEALTHCHECK ")[0]
    assert words in above.rpartition("\n\n")[2].replace("\n# ", " ")


@pytest.mark.parametrize(
    "name", ["a", "x" * 63, "a-b-c", "test"], ids=["short", "longest", "dashes", "word"]
)
@each_cell()
def test_every_name_renders_well_formed_files(make: Make, cell: Cell, name: str) -> None:
    """Names of any allowed length give files that parse and stay formatted."""
    import json

    project = make(name=name, **of(cell))
    for path in sorted(project.rglob("*")):
        match path.suffix:
            case ".json":
                json.loads(path.read_text())
            case ".toml":
                tomllib.loads(path.read_text())
            case ".yml" | ".yaml":
                yaml.safe_load(path.read_text())
    if python := sorted(project.rglob("*.py")):
        formatted = subprocess.run(
            [BIN / "ruff", "format", "--check", *python],
            cwd=project, capture_output=True, text=True,
        )  # fmt: skip
        assert formatted.returncode == 0, formatted.stdout
