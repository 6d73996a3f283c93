"""The command that starts a Node program: a file, as an argument list."""

import re
from typing import NamedTuple

from dockgen.detect import commands, syntax, written
from dockgen.detect.model import Argv, Evidence
from dockgen.detect.node import output
from dockgen.detect.node.code import Code, keys_of
from dockgen.detect.node.manifest import Manifest, inside
from dockgen.detect.node.sources import SUFFIXES, reached, resolved
from dockgen.detect.repository import join

# Scripts that start the program; those for production come first.
_STARTS = (
    "start:prod", "start:production", "production", "prod", "start:server", "start", "serve:prod",
    "server:start", "server:prod", "serve", "server", "run",
)  # fmt: skip
_DEVELOPS = ("dev", "start:dev", "develop", "watch", "dev:server", "server:dev")
_RUNS_SOURCE = frozenset(
    {"tsx", "ts-node", "ts-node-dev", "tsnd", "nodemon", "esno", "jiti", "babel-node", "swc-node",
     "vite-node", "ts-node-esm", "node-dev", "bun"}
)  # fmt: skip
_USUAL = (
    "server", "app", "index", "main", "src/server", "src/index", "src/main", "src/app", "bin/www",
    "server/index", "src/server/index", "bot", "src/bot", "src/bin/server", "lib/server",
    "lib/index",
)  # fmt: skip
_WITH_VALUE = frozenset({"-r", "--require", "--import", "--loader", "--experimental-loader", "-C"})


class Start(NamedTuple):
    """A command, the source file that it starts, and where that is written."""

    argv: Argv
    source: str
    words: str
    file: str
    line: int
    variables: tuple[tuple[str, str], ...] = ()


def look(own: Manifest, evidence: Evidence) -> Start | None:
    """Add the signals of the start; return the first."""
    found: list[tuple[Start, bool]] = []
    for name in _STARTS:
        found += _script(own, name)
        if found and not found[-1][1]:
            break
    if not any(not weak for _, weak in found):
        found += [(one, True) for one in _procfile(own)]
        found += _bins(own)
    if not found or all(weak for _, weak in found):
        for name in _DEVELOPS:
            found += [(start, True) for start, _ in _script(own, name)]
        if main := _main(own):
            strong = not found and own.repository.has(own.at(main.argv[-1]))
            if not found and (other := _listener(own, main)):
                found.append((other, True))
                strong = False
            found.append((main, not strong))
        found += [(one, True) for one in (_usual(own),) if one is not None]
    found.sort(key=lambda one: one[1])
    sure = [one for one, weak in found if not weak]
    for start, weak in found:
        # The developers start it with one script; further ones only repeat that.
        is_weak = weak or bool(sure and start.argv != sure[0].argv)
        evidence.add("entry", start.argv, start.words, start.file, start.line, weak=is_weak)
        for name, value in start.variables if start == found[0][0] else ():
            if name == "NODE_ENV" or "$" in value:
                continue
            evidence.add("environment", f"{name}={value}", start.words, start.file, start.line)
    return found[0][0] if found else None


def _script(own: Manifest, name: str) -> list[tuple[Start, bool]]:
    """Return the program that a script runs in the end, and whether that is only a guess."""
    text = own.scripts.get(name)
    if not text:
        return []
    found = []
    # Some scripts build before each start.
    alone = re.sub(r"\b(?:npm|pnpm|yarn)\s+(?:run\s+)?build\S*\s*(?:&&|;)", "", text)
    for words, variables in output.words_of(output.expanded(own, alone)):
        program = words[0].rpartition("/")[2]
        shown = f"{name}: {text}"[:80]
        place = (shown, own.file, own.line(f'"{name}"'))
        told = tuple(variables.items())
        if program in ("node", "nodejs"):
            if start := _node(own, words[1:], place, told):
                found.append((start, False))
        elif program == "nest" and words[1:2] == ("start",):
            if start := _source(own, own.at(_nest_source(own)), place, told):
                found.append((start, False))
        elif program in _RUNS_SOURCE:
            source = next(
                (word for word in words[1:] if resolved(own.repository, own.at(word))), ""
            )
            if source:
                file = resolved(own.repository, own.at(source))
                if start := _source(own, file, place, told):
                    found.append((start, program == "nodemon" and name == "start"))
        elif program in ("pm2", "pm2-runtime") and (start := _pm2(own, words[1:], place)):
            found.append((start, False))
        elif program == "nx" and words[1:2] in (("serve",), ("start",)):
            main = output.nx(own).get("main")
            if main and (start := _source(own, own.at(main), place, told)):
                found.append((start, False))
        elif made := _brought(own, program):
            file = next(
                (own.at(word) for word in words[1:] if own.repository.has(own.at(word))), ""
            )
            found.append((Start(("node", made, *words[1:]), file, *place, told), False))
    return found[-1:]


def _brought(own: Manifest, program: str) -> str:
    """Return the file of a command from a package of the same name, or ""."""
    if program not in own.dependencies:
        return ""
    lock = own.repository.json(own.at("package-lock.json"))
    packages = lock.get("packages") if isinstance(lock, dict) else None
    found = packages.get(f"node_modules/{program}") if isinstance(packages, dict) else None
    bins = found.get("bin") if isinstance(found, dict) else None
    path = bins.get(program) if isinstance(bins, dict) else None
    if isinstance(path, str):
        return f"node_modules/{program}/{path}"
    # An older lock file doesn't list commands. pnpm's links are shell scripts, npm's aren't.
    linked = any(own.repository.has(own.at(name)) for name in ("package-lock.json", "yarn.lock"))
    return f"node_modules/.bin/{program}" if linked else ""


def _node(
    own: Manifest, words: Argv, place: tuple[str, str, int], variables: tuple[tuple[str, str], ...]
) -> Start | None:
    """Parse ``node FILE`` with its flags; a file from the build counts as existing."""
    flags: list[str] = []
    rest = list(words)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if flag.startswith(("--inspect", "--watch", "--env-file", "--no-warnings", "--trace")):
            continue
        if flag in ("-e", "--eval", "-p", "--check", "--test", "--run"):
            return None
        flags.append(flag)
        if flag in _WITH_VALUE and rest:
            value = rest.pop(0)
            if value.startswith(("dotenv", "@swc-node", "ts-node")) and not own.needs(
                value.partition("/")[0]
            ):
                flags.pop()
                continue
            flags.append(value)
    if not rest or "$" in rest[0]:
        return None
    target, arguments = rest[0].removeprefix("./"), _arguments(rest[1:])
    file = _exists(own, target)
    if file:
        if file.endswith((".ts", ".mts", ".cts")) and "strip" not in " ".join(flags):
            made = _source(own, file, place, variables)
            if made is not None and made.argv[-1] != inside(file, own.folder):
                return made
        argv = ("node", *flags, inside(file, own.folder), *arguments)
        return Start(argv, file, *place, variables)
    build = own.scripts.get("build", "")
    if not build or target.startswith("node_modules"):
        return Start(("node", *flags, target, *arguments), "", *place, variables) if build else None
    folder, _, _ = output.output(own, build)
    if folder not in ("", ".") and not target.startswith(f"{folder}/") and target != folder:
        return None  # neither in the repository nor made by the build
    made_ = target if re.search(r"\.[cm]?js$", target) else _made_name(own, target)
    return Start(("node", *flags, made_, *arguments), source_of(own, made_), *place, variables)


def _arguments(words: list[str]) -> list[str]:
    """Return a program's arguments: with its port, without options whose value isn't known."""
    found: list[str] = []
    for told in words:
        word = re.sub(r"\$(?:PORT\b|\{PORT\})", "{port}", told)
        if "$" not in word:
            found.append(word)
        elif found and re.fullmatch(r"--?[\w-]+", found[-1]):
            found.pop()
    return found


def _exists(own: Manifest, target: str) -> str:
    path = own.at(target)
    if own.repository.has(path):
        return path
    for suffix in (".js", ".mjs", ".cjs", "/index.js", "/index.mjs", "/index.cjs"):
        if own.repository.has(f"{path}{suffix}"):
            return f"{path}{suffix}"
    if target in (".", ""):
        return resolved(own.repository, own.at(str(own.data.get("main") or "index.js")))
    return ""


def _made_name(own: Manifest, target: str) -> str:
    """Return the full name of a built file: ``dist/main`` is dist/main.js."""
    target = target.rstrip("/")
    source = source_of(own, f"{target}.js")
    if not source and source_of(own, f"{target}/index.js"):
        return f"{target}/index.js"
    suffix = ".mjs" if source.endswith(".mts") else ".js"
    return f"{target}{suffix}"


def source_of(own: Manifest, made: str) -> str:
    """Return the source file of a built one, or ""."""
    build = own.scripts.get("build", "")
    folder, _, _ = output.output(own, build)
    if not folder:
        folder = made.partition("/")[0]
    if folder != "." and not made.startswith(f"{folder}/"):
        return ""
    inner = made[len(folder) + 1 :] if folder != "." else made
    root = output.root_dir(own, output.expanded(own, build))
    stem = re.sub(r"\.[cm]?js$", "", inner)
    for base in dict.fromkeys((root, own.at("src"), own.folder)):
        if found := resolved(own.repository, join(base, stem)):
            return found
    name = stem.rpartition("/")[2]
    return resolved(own.repository, own.at(f"src/{name}")) or resolved(own.repository, own.at(name))


def _source(
    own: Manifest, source: str, place: tuple[str, str, int], variables: tuple[tuple[str, str], ...]
) -> Start | None:
    """Return the command for a source file: it runs the built file, or the source itself."""
    file = resolved(own.repository, source)
    if not file:
        return None
    plain = file.endswith((".js", ".mjs", ".cjs"))
    build = own.scripts.get("build", "")
    is_built = bool(build) and (not plain or re.search(r"babel|swc", build) is not None)
    if is_built and (made := output.becomes(own, build, file)):
        return Start(("node", made), file, *place, variables)
    inner = inside(file, own.folder)
    if plain:
        return Start(("node", inner), file, *place, variables)
    if own.needs("tsx"):
        return Start(("node", "--import", "tsx", inner), file, *place, variables)
    return Start(("node", inner), file, *place, variables)


def _nest_source(own: Manifest) -> str:
    found = own.repository.json(own.at("nest-cli.json"))
    found = found if isinstance(found, dict) else {}
    root, entry = found.get("sourceRoot"), found.get("entryFile")
    return (
        f"{root if isinstance(root, str) else 'src'}/{entry if isinstance(entry, str) else 'main'}"
    )


def _pm2(own: Manifest, words: Argv, place: tuple[str, str, int]) -> Start | None:
    """Return the program that pm2 is told to start, directly or by its file."""
    for word in words:
        if word in ("start", "--no-daemon") or word.startswith("-"):
            continue
        path = own.at(word)
        if word.endswith(".json") and "ecosystem" in word:
            found = own.repository.json(path)
            apps = found.get("apps") if isinstance(found, dict) else None
            first = apps[0] if isinstance(apps, list) and apps else None
            script = first.get("script") if isinstance(first, dict) else None
        elif "ecosystem" in word:
            told = re.search(r"script\s*:\s*[\"']([\w./-]+)[\"']", own.repository.text(path) or "")
            script = told[1] if told else None
        else:
            script = word
        return _node(own, (script,), place, ()) if isinstance(script, str) else None
    return None


def _procfile(own: Manifest) -> list[Start]:
    found = []
    for command in commands.of(own.repository, own.folder):
        if command.origin not in ("procfile", "entrypoint") or written.is_development(command.file):
            continue
        if command.origin == "procfile" and command.environment.get("", "web") not in (
            "web",
            "worker",
        ):
            continue
        if command.argv[0].rpartition("/")[2] == "node":
            place = (" ".join(command.argv)[:80], command.file, command.line)
            if start := _node(own, command.argv[1:], place, ()):
                found.append(start)
    return found


def _bins(own: Manifest) -> list[tuple[Start, bool]]:
    """Return the package's own commands, for a package that is started by one."""
    bins = own.data.get("bin")
    if isinstance(bins, str):
        bins = {own.name.rpartition("/")[2]: bins}
    found = []
    for name, path in bins.items() if isinstance(bins, dict) else ():
        if not isinstance(path, str):
            continue
        target = path.removeprefix("./")
        source = own.at(target) if own.repository.has(own.at(target)) else source_of(own, target)
        if not source:
            continue
        line = own.line('"bin"')
        found.append((Start(("node", target), source, f"bin {name}", own.file, line), False))
    return found[:1]


def _main(own: Manifest) -> Start | None:
    main = own.data.get("main")
    if not isinstance(main, str):
        return None
    place = (f"main: {main}", own.file, own.line('"main"'))
    if file := _exists(own, main.removeprefix("./")):
        return Start(("node", inside(file, own.folder)), file, *place)
    source = source_of(own, main.removeprefix("./"))
    if source and own.scripts.get("build"):
        return Start(("node", main.removeprefix("./")), source, *place)
    return None


def _listener(own: Manifest, main: Start) -> Start | None:
    """Return the one file beside package.json that listens, if ``main`` reaches none."""
    repository = own.repository
    reads = reached(repository, own.folder, main.source) if main.source else []
    if next(repository.holding(reads, b".listen("), None):
        return None
    beside = [
        path
        for path in repository.beside(own.folder)
        if path.endswith((".js", ".mjs", ".cjs")) and not re.search(r"test|spec|config", path)
    ]
    found = list(repository.holding(beside, b".listen("))
    if len(found) != 1:
        return None
    return Start(("node", inside(found[0], own.folder)), found[0], "it listens", found[0], 0)


def _usual(own: Manifest) -> Start | None:
    for name in _USUAL:
        for suffix in ("", *SUFFIXES):
            path = own.at(f"{name}{suffix}")
            if own.repository.has(path):
                return _source(own, path, (path, path, 0), ())
    return None


def subcommand(code: Code) -> tuple[str, str, int] | None:
    """Return the subcommand that serves, for a program with several: ``serve``."""
    wanted = ("serve", "server", "start", "web", "listen")
    found: dict[str, tuple[str, int]] = {}
    for call in code.calls:
        if call.last == "command" and call.arguments:
            name = (syntax.string(call.arguments[0]) or "").split(" ")[0]
            found.setdefault(name, (call.file, call.line))
        elif call.last in ("defineCommand", "runMain") and call.arguments:
            keys = keys_of(call.arguments[0]) if call.arguments[0].type == "object" else {}
            inner = keys.get("subCommands")
            for name, node in (keys_of(inner) if inner is not None else {}).items():
                found.setdefault(name, (call.file, syntax.line(node)))
    for node, path in code.cases:  # switch (command) { case "serve": … }
        switch = node.parent.parent.parent if node.parent and node.parent.parent else None
        told = syntax.text(switch.child_by_field_name("value")) if switch is not None else ""
        if re.search(r"(?i)command|cmd|positional|argv|action", told):
            found.setdefault(syntax.string(node) or "", (path, syntax.line(node)))
    for name in wanted:
        if name in found:
            return name, *found[name]
    return None
