"""What runs before the start: patches, generators, builds, and migrations."""

import re

from dockgen.detect import commands
from dockgen.detect.model import Argv, Evidence, Step
from dockgen.detect.node import beside, output
from dockgen.detect.node.manifest import Manifest, inside, local, manifest, options
from dockgen.detect.node.sites import Kind
from dockgen.detect.repository import folder_of

_HOOKS = re.compile(
    r"husky|lefthook|simple-git-hooks|is-ci|patch-package|prisma generate|yorkie|only-allow|exit 0"
    r"|true"
)


def look(
    own: Manifest, root: str, manager: str, kind: Kind | None, entry: Argv, evidence: Evidence
) -> None:
    """Add the signals of all these, in the order in which they must run."""
    _patches(own, root, evidence)
    _generated(own, manager, evidence)
    _needed(own, root, manager, evidence)
    _built(own, manager, kind, entry, evidence)
    _migrations(own, evidence)


def _run(manager: str, script: str) -> str:
    return f"{manager} run {script}"


def _patches(own: Manifest, root: str, evidence: Evidence) -> None:
    """Add patch-package: it runs after the install, which skips the project's own scripts."""
    top = manifest(own.repository, root)
    for one in dict.fromkeys((top, own)):
        folder = "patches" if one.folder == "." else f"{one.folder}/patches"
        if folder not in own.repository.folders:
            continue
        for name in ("postinstall", "prepare", "install"):
            if "patch-package" in one.scripts.get(name, ""):
                line = one.line(f'"{name}"')
                evidence.add(
                    "build",
                    "npx patch-package",
                    f"{name}: {one.scripts[name]}"[:80],
                    one.file,
                    line,
                )
                break
        evidence.add("file", "patches", "patches of dependencies", folder)


def _generated(own: Manifest, manager: str, evidence: Evidence) -> None:
    """Add Prisma's client, and what else an install script generates."""
    build = output.expanded(own, own.scripts.get("build", ""))
    pre = own.scripts.get("prebuild", "")
    for schema in beside.schemas(own):
        if "prisma generate" not in f"{build} {pre}":
            place = inside(schema, own.folder)
            words = "npx prisma generate" + (
                "" if place == "prisma/schema.prisma" else f" --schema {place}"
            )
            evidence.add("build", words, "the client of Prisma", schema, 1)
        evidence.add("file", inside(folder_of(schema), own.folder), "Prisma's schema", schema)
        break
    for name in ("postinstall", "prepare"):
        text = own.scripts.get(name, "")
        if not text or all(_HOOKS.search(part) for part in re.split(r"&&|;", text)):
            continue
        if re.search(r"\bbuild\b", text) and own.scripts.get("build"):
            continue
        weak = name == "prepare"
        if own.data.get("private") is True or name == "postinstall":
            line = own.line(f'"{name}"')
            evidence.add(
                "build", _run(manager, name), f"{name}: {text}"[:80], own.file, line, weak=weak
            )


def _needed(own: Manifest, root: str, manager: str, evidence: Evidence) -> None:
    """Add the packages of the workspace that must be built before."""
    if root == own.folder:
        return
    depth = "/".join(".." for _ in inside(own.folder, root).split("/"))
    for folder in local(own.repository, root, own.folder):
        one = manifest(own.repository, folder)
        if "build" not in one.scripts:
            continue
        words = {
            "pnpm": f"pnpm --filter {one.name} run build",
            "yarn": f"yarn workspace {one.name} run build",
        }.get(manager, f"npm --prefix {depth} run build --workspace {one.name}")
        evidence.add(
            "build", words, f"build: {one.scripts['build']}"[:80], one.file, one.line('"build"')
        )


def _built(own: Manifest, manager: str, kind: Kind | None, entry: Argv, evidence: Evidence) -> None:
    name = next(
        (
            one
            for one in ("build:prod", "build:production", "build", "docs:build", "compile")
            if one in own.scripts
        ),
        "",
    )
    if "build" in own.scripts and name != "build" and name not in own.scripts.get("start", ""):
        name = "build"
    if kind is not None and kind.framework == "nuxt" and kind.site:
        name = "generate" if "generate" in own.scripts else name
    text = own.scripts.get(name, "")
    words = output.expanded(own, text)
    if not text:
        if kind is not None and kind.output:
            tool = kind.package.rpartition("/")[2]
            evidence.add("build", f"npx {tool} build", kind.words, kind.file, weak=True)
            evidence.add("output", kind.output, kind.words, kind.file)
        return
    if re.fullmatch(r"\s*(?:echo\b.*|true|exit 0|tsc\s+--noEmit(?!\s+false).*|:)\s*", text):
        return
    if kind is None and _only_checks(own, words, entry):
        return
    line = own.line(f'"{name}"')
    heap = re.search(r"NODE_OPTIONS=[\"']?(--max[-_]old[-_]space[-_]size=\d+)", _dockerfiles(own))
    run = _run(manager, name)
    if kind is not None:
        run = "".join(f"{variable} " for variable in _configures(own, kind, name)) + run
    if heap and "NODE_OPTIONS" not in text:
        run = f"NODE_OPTIONS={heap[1]} {run}"
    evidence.add("build", run, f"{name}: {text}"[:80], own.file, line)
    if kind is not None:
        if kind.output:
            evidence.add("output", kind.output, kind.words, kind.file)
        return
    folder, shown, file = output.output(own, text)
    if not folder and (made := _started(own, entry)):
        folder, shown, file = made, " ".join(entry), own.file
    if folder:
        evidence.add("output", folder, shown[:80], file)


def _configures(own: Manifest, kind: Kind, script: str) -> list[str]:
    """Return the variables that its own image sets for a build, and its configuration reads."""
    text = own.repository.text(kind.file) or ""
    for command in commands.of(own.repository, own.folder):
        if command.origin == "dockerfile" and command.argv[-2:] == ("run", script):
            return [
                f"{name}={value}"
                for name, value in command.environment.items()
                if name != "NODE_ENV"
                and re.fullmatch(r"[\w./:@-]+", value)
                and re.search(rf"process\.env\.{name}\b", text)
            ]
    return []


def _started(own: Manifest, entry: Argv) -> str:
    """Return the folder of the file that starts, if the build writes it."""
    for word in entry[1:]:
        folder, slash, _ = word.removeprefix("./").partition("/")
        is_code = slash and word.endswith((".js", ".mjs", ".cjs")) and folder != "node_modules"
        if is_code and own.at(folder) not in own.repository.folders:
            return folder
    return ""


def _only_checks(own: Manifest, words: str, entry: Argv) -> bool:
    """Return whether tsc only checks types, in a project of JavaScript alone."""
    if not re.fullmatch(r"\s*(?:tsc|tsc\s+-p\s+\S+)\s*", words):
        return False
    started = any(
        own.repository.has(own.at(word))
        for word in entry[1:]
        if word.endswith((".js", ".mjs", ".cjs"))
    )
    path = output.tsconfig(own, words)
    told = options(own.repository, path)
    plain = not own.repository.sources(own.folder, ".ts", ".tsx", ".mts")
    return started or plain or bool(told.get("noEmit"))


def _dockerfiles(own: Manifest) -> str:
    from dockgen.detect import written

    return "\n".join(
        own.repository.text(path) or "" for path in written.dockerfiles(own.repository, own.folder)
    )


def _migrations(own: Manifest, evidence: Evidence) -> None:
    """Add migrations that a command runs; if the program runs them itself, none is needed."""
    repository = own.repository
    start = output.expanded(own, own.scripts.get("start", ""))
    schema = next(iter(beside.schemas(own)), "")
    if schema and f"{schema.rpartition('/')[0]}/migrations" in repository.folders:
        argv: Argv = ("node", "node_modules/prisma/build/index.js", "migrate", "deploy")
        place = f"{schema.rpartition('/')[0]}/migrations"
        evidence.add("before", Step("migrate", argv), "prisma migrate deploy", place)
        return
    tools = (
        (
            "knex",
            r"knex(?:\s+--\S+(?:\s+\S+)?)*\s+migrate:latest",
            ("node", "node_modules/knex/bin/cli.js", "migrate:latest"),
        ),
        (
            "sequelize-cli",
            r"sequelize(?:-cli)?\s+db:migrate",
            ("node", "node_modules/sequelize-cli/lib/sequelize", "db:migrate"),
        ),
        (
            "drizzle-kit",
            r"drizzle-kit\s+migrate",
            ("node", "node_modules/drizzle-kit/bin.cjs", "migrate"),
        ),
        (
            "node-pg-migrate",
            r"node-pg-migrate\s+up",
            ("node", "node_modules/node-pg-migrate/bin/node-pg-migrate.js", "up"),
        ),
    )
    for name, text in own.scripts.items():
        whole = output.expanded(own, text)
        for package, pattern, argv in tools:
            if (
                own.has(package)
                and re.search(pattern, whole)
                and not re.search("dev|test|undo|rollback", name)
            ):
                step = Step("migrate", argv)
                evidence.add(
                    "before", step, f"{name}: {text}"[:80], own.file, own.line(f'"{name}"')
                )
                return
        if re.fullmatch(
            r"(?:db:|database:)?migrat(?:e|ions?)(?::(?:run|up|deploy|prod|latest))?", name
        ):
            for words, _ in output.words_of(whole):
                if words[0] == "node" and len(words) > 1 and name not in start:
                    step = Step("migrate", words)
                    evidence.add(
                        "before",
                        step,
                        f"{name}: {text}"[:80],
                        own.file,
                        own.line(f'"{name}"'),
                        weak=True,
                    )
                    return
