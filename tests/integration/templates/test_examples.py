"""The project of every cell, which is what users receive, and its committed copy in examples/."""

import re
import tomllib

from dockgen import languages, matrix
from dockgen.testing.linters import unparsable
from tests import linters
from tests.conftest import ROOT, Make, Render, of, tree

EXAMPLES = ROOT / "examples"


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


def test_passes_the_linters(rendered_project: Render) -> None:
    """hadolint, the specification of compose files, and yamllint."""
    made = [rendered_project(cell) for cell in matrix.ALL]
    assert linters.hadolint(project / "Dockerfile" for project in made) == ""
    compose = [project / "compose.yaml" for project in made]
    assert linters.schema("compose-spec", compose) == ""
    assert linters.yamllint(compose, linters.COMPOSE) == ""


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
        assert missing <= {"compose.override.yaml", "tsconfig.json", "uv.toml"}  # the reader's own


def test_says_which_engine_it_needs(rendered_project: Render) -> None:
    """An older one stops at the HEALTHCHECK, above which the reason stands."""
    for cell in matrix.ALL:
        words = "Docker Engine 25 or later"
        assert words in (rendered_project(cell) / "README.md").read_text().replace("\n", " ")
        above = (rendered_project(cell) / "Dockerfile").read_text().partition("\nHEALTHCHECK ")[0]
        assert words in above.rpartition("\n\n")[2].replace("\n# ", " ")


def test_every_name_renders_well_formed_files(make: Make) -> None:
    """Names of any allowed length give files that parse and stay formatted."""
    made = [
        make(name=name, **of(cell))
        for name in ("a", "x" * 63, "a-b-c", "test")
        for cell in matrix.ALL
    ]
    assert [unparsable(project) for project in made] == [[]] * len(made)
    assert linters.ruff_format(path for project in made for path in project.rglob("*.py")) == ""
