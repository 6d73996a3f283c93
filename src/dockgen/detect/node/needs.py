"""What a Node program reads, writes, runs and connects to."""

import re
from typing import TYPE_CHECKING

from dockgen.detect import syntax
from dockgen.detect.golang.native import PROGRAMS
from dockgen.detect.model import Argv, Evidence, Refusal, Setting, Signal
from dockgen.detect.node.code import ENVIRONMENT, Code, Value, keys_of
from dockgen.detect.node.manifest import Manifest, inside
from dockgen.detect.node.sources import reached
from dockgen.detect.repository import Repository, folder_of, join
from dockgen.detect.secrets import looks_secret
from dockgen.detect.syntax import Call

if TYPE_CHECKING:
    from tree_sitter import Node

_USUAL = re.compile(
    r"NODE_ENV|NODE_OPTIONS|HOME|USER|PATH|PWD|SHELL|TZ|LANG|TERM|CI|TMPDIR|TMP|TEMP|HOSTNAME|DEBUG|"
    r"npm_\w+|NPM_\w+|APPDATA|JEST\w*|VITEST\w*|VERCEL\w*|GITHUB_\w+|NODE_TEST\w*|NEXT_RUNTIME|"
    r"ANALYZE|NO_COLOR|FORCE_COLOR|XDG_\w+|EDITOR|NODE_DEBUG|INIT_CWD|LOCALAPPDATA|NEXT_PHASE|"
    r"CYPRESS\w*|PLAYWRIGHT\w*|KUBERNETES_\w+|USERPROFILE|BABEL_ENV|TS_NODE\w*"
)
# Packages that check the environment by a JSON Schema.
_SCHEMAS = frozenset({"@fastify/env", "env-schema", "fastify-env"})
_WRITERS = frozenset(
    [
        "mkdir",
        "mkdirSync",
        "writeFile",
        "writeFileSync",
        "createWriteStream",
        "appendFile",
        "appendFileSync",
        "ensureDir",
        "ensureDirSync",
        "mkdirp",
        "outputFile",
        "outputFileSync",
    ]
)
# An import that isn't behind a condition, of a package: not of a file, nor of types.
_IMPORTS = re.compile(
    r"""(?:import\s+(?!type\b)(?:[^"';]*\bfrom\s*)?|export\s[^"';]*\bfrom\s*"""
    r"""|(?:const|let|var)\s[^"';]*=\s*require\(\s*|require\(\s*)"""
    r"""["']((?:@[^"'/]+/)?[^"'./][^"'/]*)(?:/[^"']*)?["']"""
)
_READERS = frozenset(
    [
        "readFileSync",
        "readFile",
        "static",
        "sendFile",
        "readdirSync",
        "readdir",
        "createReadStream",
        "set",
        "serveStatic",
        "useStaticAssets",
        "setBaseViewsDir",
        "existsSync",
        "register",
        "configure",
        "load",
        "join",
        "resolve",
    ]
)


def look(own: Manifest, code: Code, evidence: Evidence) -> None:
    """Add the signals of all these."""
    _settings(code, evidence)
    _files(own, code, evidence)
    _programs(code, evidence)


def _settings(code: Code, evidence: Evidence) -> None:
    found: dict[str, tuple[Setting, str, str, int]] = {}

    def take(name: str, default: str, words: str, file: str, line: int, *, must: bool) -> None:
        if _USUAL.fullmatch(name):
            return
        secret = looks_secret(name, default)
        before = found.get(name)
        known = before[0] if before else Setting(name)
        merged = Setting(
            name,
            known.default if known.default is not None else default or None,
            (known.required or must) and not default,
            known.secret or secret,
        )
        if merged.secret:
            merged = merged._replace(default=None)
            words = name  # the code may contain a value
        found[name] = (merged, *(before[1:] if before else (words, file, line)))

    for read in code.reads:
        default = ""
        parent = read.node.parent
        for _ in range(5):
            if parent is None or parent.type in ("statement_block", "program"):
                break
            if parent.type == "binary_expression":
                values = [
                    one
                    for one in code.of(parent, read.file, 4)
                    if one.env == read.name and one.text
                ]
                default = values[0].text[:200] if values else ""
                break
            parent = parent.parent
        must = _is_required(read.node, read.name)
        take(
            read.name,
            default,
            f"process.env.{read.name}",
            read.file,
            syntax.line(read.node),
            must=must,
        )
    for name, pairs in code.pairs.items():
        if not ENVIRONMENT.fullmatch(name):
            continue
        for node, file in pairs[:2]:
            text = syntax.text(node)[:300]
            if not re.search(
                r"\bz\.|\bJoi\.|\b(?:str|num|bool|port|url|host|email|json)\(|\byup\.|\bt\.|\bType\.|\bv\.|\bSchema\.",
                text,
            ):
                continue
            values = [one for one in code.of(node, file, 4) if one.text]
            optional = re.search(
                r"optional\(|\.default\(|default:|allow\(|nullish|\.catch\(|prefault", text
            )
            must = not optional and not values and ("Joi" not in text or "required" in text)
            take(
                name,
                values[0].text[:200] if values else "",
                f"{name}: {text[:40]}",
                file,
                syntax.line(node),
                must=must,
            )
    required = _in_a_schema(code)
    for name, pairs in code.pairs.items() if required else ():
        for node, file in pairs[:1]:
            if not ENVIRONMENT.fullmatch(name) or "type" not in keys_of(node):
                continue
            told = keys_of(node).get("default")
            values = code.of(told, file, 3) or [Value(syntax.text(told), "", file, 0)]
            text, line = values[0].text[:200], syntax.line(node)
            take(name, text, f"{name} in a schema", file, line, must=name in required)
    fluent = _SCHEMAS & code.imports.keys()
    for call in code.calls:
        name = syntax.string(call.arguments[0]) or "" if call.arguments else ""
        if fluent and call.last == "prop" and ENVIRONMENT.fullmatch(name):
            text = " ".join(syntax.text(one) for one in call.arguments[1:])
            must = ".required(" in text and ".default(" not in text
            take(name, "", f"prop('{name}') in a schema", call.file, call.line, must=must)
        if call.last in ("get", "getOrThrow", "env", "requireEnv", "getEnv") and call.arguments:
            name = syntax.string(call.arguments[0]) or ""
            if (
                ENVIRONMENT.fullmatch(name)
                and ("_" in name or name == "PORT")
                and re.search(r"(?i)config|env", call.name)
            ):
                values = code.of(call.arguments[1], call.file, 3) if len(call.arguments) > 1 else []
                must = call.last in ("getOrThrow", "requireEnv")
                take(
                    name,
                    values[0].text if values else "",
                    f"{call.name}('{name}')",
                    call.file,
                    call.line,
                    must=must,
                )
    for setting, words, file, line in found.values():
        evidence.add("setting", setting, words, file, line)


def _in_a_schema(code: Code) -> frozenset[str]:
    """Return the variables in a JSON Schema of the environment: @fastify/env, env-schema."""
    if not _SCHEMAS & code.imports.keys():
        return frozenset()
    return frozenset(
        name
        for node, _ in code.pairs.get("required", [])
        for one in syntax.walk(node, "string")
        if (name := syntax.string(one)) and ENVIRONMENT.fullmatch(name)
    )


def _is_required(node: "Node", name: str) -> bool:
    """Return whether the program ends without a variable: ``if (!process.env.X) throw …``."""
    parent = node.parent
    for _ in range(8):
        if parent is None:
            return False
        if parent.type == "if_statement":
            condition = syntax.text(parent.child_by_field_name("condition"))
            body = syntax.text(parent.child_by_field_name("consequence"))[:400]
            return bool(
                re.search(
                    rf"!\s*process\.env\.{name}\b|process\.env\.{name}\s*===?\s*undefined",
                    condition,
                )
            ) and ("&&" not in condition and bool(re.search(r"\bthrow\b|process\.exit\(", body)))
        parent = parent.parent
    return False


def _place(own: Manifest, text: str) -> str:
    """Return a path in the code relative to the package's folder; "" if that isn't possible."""
    if text.startswith("\0/"):
        return inside(join(".", text[2:]) or ".", own.folder)
    if text.startswith(("/", "~", "http", "@")) or ":" in text[:8]:
        return ""
    where = join(own.folder, text)
    return inside(where, own.folder) if where else ""


def _files(own: Manifest, code: Code, evidence: Evidence) -> None:
    """Add files and folders of the repository that are read, and those that are written."""
    repository = own.repository
    told: set[str] = set()
    written: set[str] = set()
    for call in code.calls:
        if call.last in _WRITERS and call.arguments:
            for value in code.of(call.arguments[0], call.file, 4)[:1]:
                _written(own, value.text, value.env, call, written, evidence)
        elif call.last in ("diskStorage", "multer") and call.arguments:
            keys = keys_of(call.arguments[0]) if call.arguments[0].type == "object" else {}
            for value in code.of(keys.get("destination") or keys.get("dest"), call.file, 4)[:1]:
                _written(own, f"{value.text}/x", value.env, call, written, evidence)
        elif call.last in ("tmpdir", "mkdtemp", "mkdtempSync", "tmpName"):
            if "/tmp" not in written:  # noqa: S108 - a name to compare with
                written.add("/tmp")  # noqa: S108
                evidence.add("writable", "/tmp", f"{call.name}(…)", call.file, call.line)  # noqa: S108
        elif (
            call.last in ("Database", "DatabaseSync") and call.arguments and "new" in call.node.type
        ):
            for value in code.of(call.arguments[0], call.file, 5)[:1]:
                if value.text and "memory" not in value.text:
                    _written(own, value.text, value.env, call, written, evidence)
        elif call.last in _READERS and call.arguments:
            if call.last == "set" and syntax.string(call.arguments[0]) not in ("views",):
                continue
            is_path = call.last in ("join", "resolve")
            if is_path and not re.search(r"(?:^|\bpath\.)(?:join|resolve)$", call.name):
                continue
            texts = [
                value.text for one in call.arguments[:2] for value in code.of(one, call.file, 4)[:1]
            ]
            if is_path:
                texts = [value.text for value in code.of(call.node, call.file, 4)[:1]]
            for text in texts:
                _read(own, repository, text, call, told, evidence)


def _read(
    own: Manifest, repository: Repository, text: str, call: Call, told: set[str], evidence: Evidence
) -> None:
    where = _place(own, text.rstrip("/")) if text and len(text) < 200 else ""
    if where in ("", ".", "src", "dist", "build", "node_modules") or where in told:
        return
    path = own.at(where)
    if not (repository.has(path) or path in repository.folders):
        return
    if re.search(r"\.[cm]?[jt]sx?$", where) or where.endswith(("package.json", ".env")):
        return
    if where.startswith("src/") and not own.scripts.get("build"):
        return
    told.add(where)
    evidence.add("file", where, f"{call.name[-40:]}(…)", call.file, call.line)


def _written(
    own: Manifest, text: str, env: str, call: Call, told: set[str], evidence: Evidence
) -> None:
    if not text or len(text) > 200 or re.search(r"[\n {}]", text):
        return
    makes = call.last.lower().startswith(("mkdir", "ensuredir"))
    folder = text if makes else folder_of(text)
    where = folder if folder.startswith("/") else _place(own, folder)
    if not where or where in told or where.startswith(("/usr", "/etc", "/proc", "/sys", "/dev")):
        return
    told.add(where)
    words = f"{call.name[-40:]}(…){f' ({env})' if env else ''}"
    evidence.add("writable", where, words, call.file, call.line, weak=where == ".")


def _programs(code: Code, evidence: Evidence) -> None:
    told: set[str] = set()
    for call in code.calls:
        if (
            call.last
            not in (
                "spawn",
                "spawnSync",
                "exec",
                "execSync",
                "execFile",
                "execFileSync",
                "execa",
                "$",
            )
            or not call.arguments
        ):
            continue
        if call.last == "exec" and re.search(r"(?i)regex?|pattern|\bre\b|/", call.name):
            continue
        for value in code.of(call.arguments[0], call.file, 3)[:1]:
            words = value.text.split()
            name = words[0].rpartition("/")[2] if words else ""
            if name in told or name not in PROGRAMS or name in ("node", "python"):
                continue
            if re.search(r"rev-parse|git (?:describe|log|status|tag)|--version", value.text):
                continue  # only asks for a version, and works without it
            told.add(name)
            shown = f"{call.name}('{value.text[:30]}')"
            evidence.add("native_run", PROGRAMS[name], shown, call.file, call.line)
            signal = Signal(name, shown, call.file, call.line)
            evidence.refusals.append(
                Refusal(
                    "scratch",
                    f"the program runs {name}, which isn't in scratch",
                    "use alpine or slim: --flavor alpine",
                    signal,
                )
            )
    for package in (
        "fluent-ffmpeg",
        "simple-git",
        "gm",
        "puppeteer",
        "puppeteer-core",
        "playwright",
    ):
        if place := code.imports.get(package):
            name = {"fluent-ffmpeg": "ffmpeg", "simple-git": "git", "gm": "imagemagick"}.get(
                package, "chromium"
            )
            evidence.add("native_run", name, f"import {package}", *place)


def development(own: Manifest, source: str, evidence: Evidence) -> None:
    """Add the development packages, if a file that runs as it is doesn't start without one."""
    repository = own.repository
    for path in reached(repository, own.folder, source):
        for number, text in enumerate(repository.lines(path), 1):
            told = _IMPORTS.match(text)
            name = told[1] if told else ""
            if name in own.development and name not in own.dependencies:
                words = f"{name} is imported, but only development installs it"
                evidence.add("extra", "devDependencies", words, path, number)
                return


def arguments(code: Code, entry: Argv, evidence: Evidence) -> None:
    """Add a command's required arguments, from commander and yargs, without subcommands."""
    if not {"commander", "yargs"} & code.imports.keys():
        return
    if any(call.last == "command" for call in code.calls):
        return
    for call in code.calls:
        words = syntax.string(call.arguments[0]) if call.arguments else None
        if not words:
            continue
        name = ""
        if call.last == "requiredOption":
            name = next((word.rstrip(",") for word in words.split() if word.startswith("--")), "")
        elif call.last in ("argument", "arguments"):
            name = words.split()[0] if words.startswith("<") else ""
        elif call.last == "option" and len(call.arguments) > 1:
            keys = keys_of(call.arguments[1]) if call.arguments[1].type == "object" else {}
            demanded = syntax.text(keys.get("demandOption")) not in ("", "false")
            name = f"--{words}" if demanded and "default" not in keys else ""
        if name:
            evidence.require(name, "", entry, call.file, call.line)
