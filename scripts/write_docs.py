"""Write the parts of the documentation that are generated from the code.

Usage: python -m scripts.write_docs [DIRECTORY]

Writes README.md's tables of sizes and of benchmarks, those of docs/benchmarks.md, docs/proof.md,
docs/reference.md, docs/rules.md, docs/settings.md, docs/schemas/ and the picture docs/new.svg below
DIRECTORY, which is this checkout by default.
"""

import ast
import inspect
import io
import itertools
import json
import os
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_origin

import click
import pexpect
import pyte
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.style import Style
from rich.text import Text

from benchmarks import commands, fleet, reading, results, tables
from dockgen import checks, cli, declared, languages, matrix, questions
from dockgen.cases import Case
from dockgen.matrix import Flavor, Language
from dockgen.settingsfile import SettingsFile
from dockgen.starter.starterfile import StarterFile
from dockgen.team.teamtables import TeamFile
from dockgen.testing import test_contracts
from tests import pairwise
from tests.images import test_builds
from tests.images.conftest import SAMPLE
from tests.variants import APPS, BUILDS, RELEASE, limit_of

ROOT = Path(__file__).resolve().parent.parent
# The declared files.
FILES: dict[str, type[BaseModel]] = {
    "dockgen.toml": SettingsFile,
    "dockgen.team.toml": TeamFile,
    "starter.toml": StarterFile,
}
Measured = commands.CommandResults | fleet.FleetResults | reading.ReadingResults
LINES, COLUMNS = 36, 92


def main(directory: Path) -> None:
    """Write all of them."""
    measured = results.load()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    short_commands = words(commands.load(), "make benchmark-commands")
    readme = fill(fill(readme, "sizes", sizes()), "benchmark", tables.short(measured))
    readme = fill(readme, "commands", short_commands)
    benchmarks = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    benchmarks = fill(benchmarks, "benchmark", tables.detailed(measured))
    benchmarks = fill(benchmarks, "fleet", words(fleet.load(), "make benchmark-fleet"))
    benchmarks = fill(benchmarks, "commands", short_commands)
    benchmarks = fill(benchmarks, "reading", words(reading.load(), "make benchmark-reading"))
    (directory / "docs").mkdir(parents=True, exist_ok=True)
    (directory / "README.md").write_text(readme, encoding="utf-8")
    (directory / "docs/benchmarks.md").write_text(benchmarks, encoding="utf-8")
    (directory / "docs/proof.md").write_text(proof(), encoding="utf-8")
    (directory / "docs/reference.md").write_text(reference(), encoding="utf-8")
    (directory / "docs/rules.md").write_text(rules(), encoding="utf-8")
    (directory / "docs/settings.md").write_text(settings(), encoding="utf-8")
    (directory / "docs/schemas").mkdir(exist_ok=True)
    for name, model in FILES.items():
        schema = json.dumps(declared.schema(model), indent=2, default=float)
        (directory / f"docs/schemas/{name}.json").write_text(schema + "\n", encoding="utf-8")
    (directory / "docs/new.svg").write_text(picture(), encoding="utf-8")


def fill(page: str, name: str, text: str) -> str:
    """Replace the text between the marks ``<!-- name: … -->`` and ``<!-- /name -->``."""
    marks = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    return marks.sub(lambda found: found[1] + text + found[2], page)


def words(measured: Measured | None, command: str) -> str:
    """Describe a benchmark's results, in lines of 100 characters."""
    said = measured.sentence() if measured else f"Not measured yet: `{command}`."
    return "\n".join([*textwrap.wrap(said, 100, break_on_hyphens=False), ""])


def sizes() -> str:
    """Return the table of cells as Markdown: measured size, limit, link to the Dockerfile."""
    table = {language: languages.limits()[language] for language in Language}
    lines = [f"| | {' | '.join(Flavor)} |", "|---" * (len(Flavor) + 1) + "|"]
    for language in Language:
        cells = [
            f"[**{figures['measured']:g} MB**](examples/{language}-{flavor}/Dockerfile)"
            f" ≤ {figures['promised']:g}"
            if (figures := table[language].get(flavor))
            else "-"
            for flavor in Flavor
        ]
        facts = languages.load()[language]
        framework = facts["frameworks"][languages.frameworks(language)[0]]
        lines.append(f"| {facts['name']} ({framework['label']}) | {' | '.join(cells)} |")
    every = [figures for flavors in table.values() for figures in flavors.values()]
    bases = ", ".join(dict.fromkeys(figures["base"] for figures in every))
    days = sorted(figures["date"] for figures in every)
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    words = (
        "The measured size of the default sample app, and the limit of the project. Sizes are in"
        f" MB of 10⁶ bytes, unpacked. Measured on {bases}, {when}."
    )
    return "\n".join([*lines, "", *textwrap.wrap(words, 100), ""])


def reference() -> str:
    """Return docs/reference.md: commands, questions and exit codes."""
    parts = ["# Reference\n\n`make docs` generates this page from the code.\n"]
    context = click.Context(cli.dockgen, info_name="dockgen", **cli.dockgen.context_settings)
    parts += helps(context)
    parts.append(
        "## Questions\n\nEach question is a flag, a key for `--data` and a key of an answers"
        " file. dockgen prompts only\nfor those with yes below; the others have a default. With"
        " `--ask`, it prompts for all.\n\n"
        "| question | flag | asked | type | default | choices |\n|---|---|---|---|---|---|"
    )
    for question in questions.load():
        if question.name == questions.OF_ADD:
            continue
        default = question.usual
        if "{%" in default:
            default = "from the folder's name"
        parts.append(
            f"| `{question.name}` | `{question.flag}` | {'yes' if question.asked else 'no'} "
            f"| {question.type} | {default or 'empty'} | {', '.join(question.choices) or 'free'} |"
        )
    return "\n".join(parts) + "\n"


def helps(context: click.Context) -> list[str]:
    """Return the help of a command, followed by that of each command in its group."""
    command = context.command
    parts = [f"## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if child := command.get_command(context, name):
                parts += helps(click.Context(child, info_name=name, parent=context))
    return parts


def rules() -> str:
    """Return docs/rules.md: what `dockgen check` requires, and why, from the rules themselves."""
    words = (
        "The rules of [`dockgen check`](check.md). DG0xx rules check the files, DG1xx the image,"
        " DG2xx the running container, and DG3xx the changes since an earlier report. A code"
        " never changes its meaning. `make docs` generates this page from the code."
    )
    severities = (
        "An **error** is a risk for everyone who runs the image, or exceeds a limit that you set:"
        " `dockgen check` exits with 1. A **warning** costs space, time or security, but there"
        " can be good reasons for it. An **info** is good to know. The last column lists the"
        " codes of other tools for the same problem, or for a part of it."
    )
    lines = [
        "# Rules\n",
        f"{textwrap.fill(words, 100)}\n",
        f"{textwrap.fill(severities, 100)}\n",
        "| rule | what must be true | | elsewhere |",
        "|---|---|---|---|",
        *(
            f"| [{rule.code}](#{anchor(f'{rule.code}: {rule.title}')}) | {rule.title} |"
            f" {rule.severity} | {', '.join(itertools.chain(*rule.alike.values()))} |"
            for rule in checks.RULES
        ),
        "",
    ]
    for rule in checks.RULES:
        alike = "; ".join(f"{tool} {', '.join(codes)}" for tool, codes in rule.alike.items())
        lines += [
            f"## {rule.code}: {rule.title}\n",
            f"{rule.why}\n",
            f"**Fix:** {rule.fix}\n",
            *([f"**Sources:** {'; '.join(rule.sources)}\n"] if rule.sources else []),
            *([f"**Elsewhere:** {alike}\n"] if alike else []),
        ]
    return "\n".join(lines)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub and GitLab give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def settings() -> str:
    """Return docs/settings.md: the keys of each declared file, from the models."""
    head = (
        "The keys of the files that you write. `make docs` generates this page from the code."
        " Each file has a JSON Schema for completion in your editor: in editors with Taplo, such"
        " as VS Code with Even Better TOML, add a first line `#:schema PATH`."
    )
    parts = [f"# Settings\n\n{textwrap.fill(head, 100)}\n"]
    for name, model in FILES.items():
        said = (model.__doc__ or "").partition(": ")[2]
        parts.append(f"## {name}\n\n{said[0].upper()}{said[1:]} [Schema](schemas/{name}.json)\n")
        fields = model.model_fields.items()
        tables = {key: field for key, field in fields if is_table(field)}
        parts += keys({key: field for key, field in fields if key not in tables})
        for key, field in tables.items():
            inner = declared.table(field.annotation)
            brackets = "[[{}]]" if get_origin(field.annotation) is list else "[{}]"
            parts.append(f"### {brackets.format(key)}\n\n{field.description}\n")
            parts += keys(inner.model_fields) if inner else []
    return "\n".join(parts).rstrip() + "\n"


def is_table(field: FieldInfo) -> bool:
    """Return whether a key of a file is a table, or a list of tables."""
    return get_origin(field.annotation) is dict or declared.table(field.annotation) is not None


def keys(fields: Mapping[str, FieldInfo]) -> list[str]:
    """Return the table of a table's keys."""
    if not fields:
        return []
    lines = [f"| `{key}` | {default(one)} | {one.description} |" for key, one in fields.items()]
    return ["| key | default | what |\n|---|---|---|", *lines, ""]


def default(field: FieldInfo) -> str:
    """Return a key's default, as the reference shows it."""
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return "" if value in (None, "", {}) else f"`{value}`"


def proof() -> str:
    """Return docs/proof.md: what CI builds and runs, from the tests that do it."""
    head = (
        "This page lists everything that CI builds and runs on a real engine: at each change, or"
        " before a release (`make test-all`). `make docs` generates it from the tests."
    )
    cover = (
        "The behaviour of a container depends on its app and its flavor, so each pair of these is"
        " tested with all contracts: at each change or, if the table says so, before a release."
        " The package manager only changes the build, so these cases are tested with the"
        " contracts of the first list. Each limit is measured at each change."
    )
    contracts = {
        name: f"- **{name.removeprefix('test_').replace('_', ' ')}**: {first_line(function)}"
        for name, function in vars(test_contracts).items()
        if name.startswith("test_")
    }
    lines = [
        "# What is proven\n",
        f"{textwrap.fill(head, 100)}\n",
        "## Images\n",
        f"{textwrap.fill(cover, 100)}\n",
        "For every image:\n",
        *(words for name, words in contracts.items() if name in test_builds.__all__),
        "\nFor cases with all contracts, also:\n",
        *(words for name, words in contracts.items() if name not in test_builds.__all__),
        "\nLimits are MB of 10⁶ bytes, unpacked.\n",
        "| language | flavor | kind | framework | package manager | limit | contracts |",
        "|---|---|---|---|---|--:|---|",
    ]
    own = [
        Case(str(cell), {"language": str(cell.language), "flavor": str(cell.flavor)})
        for cell in matrix.ALL
    ]
    built = {case.name for case in BUILDS}
    held = [(case, "all") for case in (*own, *APPS)]
    held += [(case, "every image") for case in BUILDS if case not in RELEASE]
    held += [
        (case, "every image; " * (case.name in built) + "all before a release") for case in RELEASE
    ]
    for case, contract in held:
        language, flavor = (str(case.answers[name]) for name in ("language", "flavor"))
        usual = languages.frameworks(language)[0] if case.kind == "service" else "stdlib"
        framework = case.answers.get("framework", usual)
        with_c = " with cgo" if case.answers.get("cgo") else ""
        managers = languages.load()[language]["package_managers"]
        manager = case.answers.get("package_manager", next(iter(managers)))
        app, _ = limit_of(case)
        lines.append(
            f"| {language} | {flavor} | {case.kind} | {framework}{with_c} | {manager}"
            f" | {languages.limits()[app][flavor]['promised']:g} | {contract} |"
        )
    more = (
        f"In addition, {len(pairwise.CASES)} projects cover every allowed pair of answers. They"
        " are rendered, linted and checked with `docker build --check`."
    )
    sample = (
        f"If the last column says “more”, each run tests a sample, mostly {', '.join(SAMPLE)}, and"
        " the rest is tested before a release."
    )
    lines += ["", textwrap.fill(more, 100), "", "## What else is built and run\n"]
    lines += [
        textwrap.fill(sample, 100, break_on_hyphens=False),
        "",
        "| tests | what | before a release |",
        "|---|---|---|",
    ]
    for path in sorted((ROOT / "tests/images").glob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        words = (ast.get_docstring(ast.parse(source)) or "").partition("\n")
        lines.append(
            f"| [{path.stem}](../tests/images/{path.name}) | {words[0].removesuffix('.')}"
            f" | {in_release(source)} |"
        )
    return "\n".join(lines) + "\n"


def in_release(source: str) -> str:
    """Return how much of a test module runs only before a release: "all", "more" or ""."""
    if re.search(r"^pytestmark = .*\bmark\.release\b", source, re.MULTILINE):
        return "all"
    return "more" if re.search(r"\bmark\.release\b|\b(sampled|in_release)", source) else ""


def first_line(function: Callable[..., object]) -> str:
    """Return the first line of a function's docstring."""
    return inspect.cleandoc(function.__doc__ or "").partition("\n")[0]


def picture() -> str:
    """Return the screen after a real run of `dockgen new my-app` on a terminal, as SVG."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    with tempfile.TemporaryDirectory() as folder:
        stream.feed("\x1b[32m$\x1b[0m dockgen new my-app\r\n")
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"NO_COLOR", "COLUMNS", "LINES"}
        }
        process: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-m", "dockgen", "new", "my-app"],
            cwd=folder,
            env=environment | {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            encoding="utf-8",
            dimensions=(LINES, COLUMNS),
            timeout=60,
        )
        for question in ("Which language", "What is the base of the image?"):
            process.expect_exact(question)
            stream.feed(f"{process.before}{question}")
            process.send("\r")
        process.expect(pexpect.EOF)
        stream.feed(process.before or "")
        process.close()
        if process.exitstatus != 0:
            raise RuntimeError("\n".join(screen.display))
    lines = [line_of(screen, number) for number in range(LINES)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(line, no_wrap=True)
    svg = console.export_svg(title="dockgen new", unique_id="dockgen-new")
    # Uses the viewer's fonts: a picture downloads nothing.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def line_of(screen: pyte.Screen, number: int) -> Text:
    """Return one line of the terminal, with its colours."""
    text = Text()
    for column in range(COLUMNS):
        cell = screen.buffer[number][column]
        colour = None if cell.fg == "default" else cell.fg
        if colour and re.fullmatch(r"[0-9a-f]{6}", colour):
            colour = f"#{colour}"
        text.append(cell.data, Style(color=COLOURS.get(colour or "", colour), bold=cell.bold))
    text.rstrip()
    return text


# pyte's name for the colour that everybody else calls yellow.
COLOURS = {"brown": "yellow"}


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
