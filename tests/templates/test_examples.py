"""The project of every cell, which is what users receive, and its committed copy in examples/."""

import re
import subprocess
import tomllib

import yaml

from dockgen import languages, matrix
from tests.conftest import ROOT, Make, Render, of, tree

EXAMPLES = ROOT / "examples"
BIN = ROOT / ".venv/bin"


def test_there_is_one_for_each_cell() -> None:
    """No cell without an example, no example without a cell."""
    projects = {path.name for path in EXAMPLES.iterdir()} - {"starters"}
    assert projects == {str(cell) for cell in matrix.ALL}


def test_is_what_the_templates_render(rendered_project: Render) -> None:
    """`make examples` was run after the last change of a template."""
    for cell in matrix.ALL:
        committed, rendered = tree(EXAMPLES / str(cell)), tree(rendered_project(cell))
        assert sorted(committed) == sorted(rendered)
        changed = [name for name in committed if committed[name] != rendered[name]]
        assert changed == [], "run `make examples`, and review the difference"


def test_is_tidy(rendered_project: Render) -> None:
    """Text ends in one newline; no trailing blanks, no double blank lines but in Python."""
    for cell in matrix.ALL:
        untidy = []
        for name, content in tree(rendered_project(cell)).items():
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


def test_carries_no_trace_of_the_generator(rendered_project: Render) -> None:
    """Nothing of Jinja is left in a user's files."""
    for cell in matrix.ALL:
        marked = [
            name
            for name, content in tree(rendered_project(cell)).items()
            if re.search(rb"\{\{|\{%|\{#|\.jinja", content)
        ]
        assert marked == []


def test_lock_files_carry_no_download_address(rendered_project: Render) -> None:
    """Hashes say what to install; from where is the machine's own setting, such as a mirror."""
    for cell in matrix.ALL:
        lock_files = {"requirements.txt", "requirements-dev.txt", "package-lock.json", "go.sum"}
        addresses = re.compile(r"\"resolved\"|-index-url|--find-links|(?<!\"url\": \")https?://")
        named = [
            name
            for name, content in tree(rendered_project(cell)).items()
            if name in lock_files and addresses.search(content.decode())
        ]
        assert named == []


def test_from_lines_are_literal(rendered_project: Render) -> None:
    """So that Renovate can edit them; and there is no frontend image to pull."""
    for cell in matrix.ALL:
        dockerfile = (rendered_project(cell) / "Dockerfile").read_text()
        bases = re.findall(r"^FROM (?:--platform=\$BUILDPLATFORM )?(\S+)", dockerfile, re.MULTILINE)
        stages = set(re.findall(r"^FROM .* AS (\S+)$", dockerfile, re.MULTILINE))
        for base in set(bases) - stages - {"scratch"}:
            assert re.fullmatch(r"[a-z]+:[a-z0-9.-]+", base), base
            assert not base.endswith(":latest")
        assert "# syntax=" not in dockerfile
        assert "ARG" not in dockerfile.split("FROM")[0]


def test_dockerfile_passes_hadolint(rendered_project: Render) -> None:
    """At style level, without pragmas."""
    for cell in matrix.ALL:
        done = subprocess.run(
            [BIN / "hadolint", "--no-color", "--disable-ignore-pragma",
             "--failure-threshold", "style", "--ignore=DL3008", "--ignore=DL3018", "Dockerfile"],
            cwd=rendered_project(cell), capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout + done.stderr == ""


def test_compose_file_keeps_to_the_specification(rendered_project: Render) -> None:
    """Unknown keys are mistakes."""
    for cell in matrix.ALL:
        done = subprocess.run(
            [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
            cwd=rendered_project(cell), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_yaml_passes_yamllint(rendered_project: Render) -> None:
    """Its default rules, and lines of up to 100 characters."""
    for cell in matrix.ALL:
        rules = "{extends: default, rules: {line-length: {max: 100}, document-start: disable}}"
        done = subprocess.run(
            [BIN / "yamllint", "--strict", "-d", rules, "compose.yaml"],
            cwd=rendered_project(cell), capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout == ""


def test_limit_is_the_promised_one(rendered_project: Render) -> None:
    """dockgen.toml repeats the one in the language's language.yml."""
    for cell in matrix.ALL:
        settings = tomllib.loads((rendered_project(cell) / "dockgen.toml").read_text())
        promised = languages.limits()[cell.language][cell.flavor]["promised"]
        assert settings["limits"]["size_mb"] == promised


def test_readme_names_only_files_and_commands_that_exist(rendered_project: Render) -> None:
    """Commands are Docker's and dockgen's; files in backquotes are in the project."""
    for cell in matrix.ALL:
        project = rendered_project(cell)
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


def test_says_which_engine_it_needs(rendered_project: Render) -> None:
    """An older one stops at the HEALTHCHECK, above which the reason stands."""
    for cell in matrix.ALL:
        words = "Docker Engine 25 or later"
        assert words in (rendered_project(cell) / "README.md").read_text().replace("\n", " ")
        above = (rendered_project(cell) / "Dockerfile").read_text().partition("\nHEALTHCHECK ")[0]
        assert words in above.rpartition("\n\n")[2].replace("\n# ", " ")


def test_every_name_renders_well_formed_files(make: Make) -> None:
    """Names of any allowed length give files that parse and stay formatted."""
    for name in ["a", "x" * 63, "a-b-c", "test"]:
        for cell in matrix.ALL:
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
