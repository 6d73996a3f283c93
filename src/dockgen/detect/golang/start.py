"""Which program of a module to run, its kind, and its start command."""

import re

from dockgen.detect import commands, syntax, written
from dockgen.detect.golang import arguments, build, listening, packages, reading, routes
from dockgen.detect.golang.modules import Module
from dockgen.detect.golang.packages import Program
from dockgen.detect.golang.values import Code
from dockgen.detect.model import Argv, Command, Evidence, Given, Process, Step
from dockgen.detect.repository import Repository, join

# Subcommands that start a server.
_SERVES = ("server", "serve", "start", "run", "web", "daemon", "http", "api", "up")
# What a program without a library for subcommands switches on.
_CHOSEN = re.compile(r"(?i)(?:sub_?)?(?:cmd|command)|(?:\w+\.)?args(?:\(\))?\[\d\]|\w+\.Arg\(0\)")
_TEXT = "interpreted_string_literal"
# Packages that keep a program running without a port.
_WORKS = (
    "github.com/bwmarrin/discordgo", "github.com/go-telegram-bot-api/telegram-bot-api",
    "github.com/go-telegram/bot", "gopkg.in/telebot.v3", "gopkg.in/telebot.v4",
    "github.com/robfig/cron", "github.com/hibiken/asynq", "github.com/nats-io/nats.go",
    "github.com/segmentio/kafka-go", "github.com/rabbitmq/amqp091-go", "github.com/twmb/franz-go",
    "github.com/IBM/sarama", "github.com/streadway/amqp", "github.com/go-co-op/gocron",
    "maunium.net/go/mautrix", "github.com/slack-go/slack", "go.temporal.io/sdk/worker",
    "github.com/eclipse/paho.mqtt.golang", "github.com/riverqueue/river", "os/signal",
)  # fmt: skip


def relative(folder: str, module: Module) -> str:
    """Return a folder relative to the module's: ``./cmd/server`` without ``./``, or "."."""
    if folder == module.folder:
        return "."
    return folder if module.folder == "." else folder[len(module.folder) + 1 :]


def program_name(folder: str, module: Module) -> str:
    """Return the go command's name for the program of a folder."""
    if folder != module.folder:
        return folder.rpartition("/")[2]
    parts = [part for part in module.path.split("/") if not re.fullmatch(r"v\d+", part)]
    return parts[-1] if parts else "app"


def choose(
    repository: Repository, module: Module, tags: frozenset[str], given: Given, evidence: Evidence
) -> str | None:
    """Return the folder of the program to run, or None.

    Several are a conflict, unless only one serves, or the image's own build names one.
    """
    mains = packages.mains(repository, module, tags)
    if given.get("main"):
        folder = join(module.folder, str(given["main"]))
        return folder if folder in repository.folders else None
    own = [folder for folder in mains if not packages.is_tool(folder, module)] or mains
    if not own:
        return None
    public = [one for one in own if relative(one, module) == "." or _is_cmd(relative(one, module))]
    own = public or own
    file_of = {folder: _main_file(repository, folder, tags) for folder in mains}

    def add(folder: str, words: str, file: str = "", line: int = 0, *, weak: bool = False) -> None:
        evidence.add("main", relative(folder, module), words, file, line, weak=weak)

    chosen: list[str] = []
    told: tuple[str, str, int] = ("", "", 0)
    if len(own) > 1:
        chosen, told = _named(repository, module, own)
        if len(chosen) != 1:
            serving = [one for one in chosen or own if _serves(repository, module, one, tags)]
            chosen, told = serving or chosen or own, ("", "", 0)
    else:
        chosen = own
    for folder in chosen:
        file, line = file_of[folder]
        words = told[0] or ("package main" if len(own) == 1 else "package main, and it listens")
        add(folder, words, told[1] or file, told[2] or line)
    for folder in mains:
        if folder not in chosen:
            add(folder, "package main", *file_of[folder], weak=True)
    return chosen[0]


def _is_cmd(inside: str) -> bool:
    """Return whether a program is in a conventional folder for programs."""
    return inside.startswith(("cmd/", "app/", "apps/", "services/")) or inside in (
        "cmd",
        "app",
        "server",
    )


def _main_file(repository: Repository, folder: str, tags: frozenset[str]) -> tuple[str, int]:
    for one in packages.compiled(repository, folder, tags):
        if one.has_main:
            return one.file, repository.line(one.file, "func main()")
    return folder, 0


def _serves(repository: Repository, module: Module, folder: str, tags: frozenset[str]) -> bool:
    program = packages.program(repository, module, folder, tags)
    return listening.serves(reading.read(repository, program), program) is not None


def _named(
    repository: Repository, module: Module, own: list[str]
) -> tuple[list[str], tuple[str, str, int]]:
    """Return the programs that the image starts, or else builds, and where that is written."""
    by_name = {program_name(folder, module): folder for folder in own}
    for command in commands.of(repository, module.folder):
        if command.origin in ("entrypoint", "procfile") and not written.is_development(
            command.file
        ):
            for word in command.argv[:2]:
                if found := by_name.get(word.rpartition("/")[2]):
                    return [found], (f"starts {word}", command.file, command.line)
    for command in commands.of(repository, module.folder):
        found = by_name.get(command.argv[0].rpartition("/")[2])
        if found and command.origin == "script" and "entry" in command.file:
            return [found], (f"starts {command.argv[0]}", command.file, command.line)
    for command in build.builds(repository, module):
        if command.origin not in ("dockerfile", "makefile"):
            continue
        named = [folder for folder in own if _builds(command, folder, module)]
        if named and len(named) < len(own):
            words = " ".join(command.argv)[:80]
            return named, (words, command.file, command.line)
    return _by_ci(repository, module, own)


def _by_ci(
    repository: Repository, module: Module, own: list[str]
) -> tuple[list[str], tuple[str, str, int]]:
    """Return the program that CI builds, if it builds no other."""
    found = {
        folder: (" ".join(command.argv)[:80], command.file, command.line)
        for command in build.builds(repository, module)
        if command.origin == "ci"
        for folder in own
        if _builds(command, folder, module)
    }
    folders, told = list(found), list(found.values())
    return (folders, told[0]) if len(found) == 1 else ([], ("", "", 0))


def _builds(command: Command, folder: str, module: Module) -> bool:
    """Return whether a command builds the program of a folder."""
    inside = relative(folder, module)
    for word in command.argv[2:]:
        if word.startswith("-") or "=" in word:
            continue
        path = word.removeprefix(f"{module.path}/").removeprefix("./").rstrip("/")
        path = path.removesuffix("/main.go")
        if path == inside or (inside == "." and word in (".", "./", "main.go", module.path)):
            return True
    return False


def look(
    repository: Repository,
    module: Module,
    program: Program,
    code: Code,
    given: Given,
    evidence: Evidence,
) -> None:
    """Add the signals of the kind, the start, and where a service is reached."""
    serving = listening.serves(code, program)
    exposed = written.exposed(repository, module.folder)
    web = program.uses(
        "github.com/prometheus/exporter-toolkit/web", "maunium.net/go/mautrix/appservice"
    )
    works = program.uses(*_WORKS)
    if serving is not None:
        words = f"{serving.name}(…)"
        evidence.add("workload", "service", words, serving.file, serving.line)
    elif web is not None and "exporter" in web.path:
        evidence.add("workload", "service", f'import "{web.path}"', web.file, web.line)
    elif works is not None:
        words = f'import "{works.path}", and nothing listens'
        evidence.add("workload", "worker", words, works.file, works.line, weak=True)
    elif exposed:
        words = f"EXPOSE {exposed[0].port}"
        evidence.add("workload", "service", words, exposed[0].file, exposed[0].line, weak=True)
    else:
        evidence.add("workload", "job", "nothing listens", program.files[0], 0, weak=True)
    workload = given.get("workload") or evidence.of("workload")[0].value
    if workload == "service":
        ports = frozenset(one.port for one in exposed)
        evidence.take(listening.look(repository, module, program, code, ports))
        routes.look(repository, code, evidence)
    _entry(repository, module, program, code, evidence, serves=workload == "service")
    if not given.get("entry"):
        arguments.look(program, code, evidence.of("entry")[0].value, evidence)
    _processes(repository, module, program, evidence)


def _entry(
    repository: Repository,
    module: Module,
    program: Program,
    code: Code,
    evidence: Evidence,
    *,
    serves: bool,
) -> None:
    """Add the command: the program's name, its subcommand, and the image's arguments."""
    name = program_name(program.folder, module)
    bare: Argv = (f"./{name}",)
    subcommands = _subcommands(code, program)
    file, line = _main_file(
        repository, program.folder, frozenset(one.value for one in evidence.of("tag"))
    )
    chosen = next((one for one in _SERVES if one in subcommands), "") if serves else ""
    if chosen and not _root_runs(code):
        where = subcommands[chosen]
        evidence.add("entry", (*bare, chosen), f'the command "{chosen}"', *where)
        if "migrate" in subcommands:
            step = Step("migrate", (*bare, "migrate"))
            evidence.add(
                "before", step, 'the command "migrate"', *subcommands["migrate"], weak=True
            )
        return
    for command in commands.of(repository, module.folder):
        if command.origin not in ("entrypoint", "procfile"):
            continue
        if written.is_development(command.file) or command.argv[0].rpartition("/")[2] == "go":
            continue
        if command.environment.get("", "web") not in ("web", name) and command.origin == "procfile":
            continue
        words = tuple(word for word in command.argv[1:])
        plain = not any("$" in word for word in words)
        known = command.argv[0].rpartition("/")[2] in (
            name,
            "app",
            "server",
            "main",
            program.folder.rpartition("/")[2],
        )
        if known and words and plain:
            shown = " ".join(command.argv)[:80]
            evidence.add("entry", (*bare, *words), shown, command.file, command.line, weak=True)
    evidence.add("entry", bare, "func main()", file, line, weak=bool(evidence.of("entry")))


def _processes(
    repository: Repository, module: Module, program: Program, evidence: Evidence
) -> None:
    """Add other programs of the module that a Procfile also starts."""
    tags = frozenset(one.value for one in evidence.of("tag"))
    others = {program_name(one, module) for one in packages.mains(repository, module, tags)}
    others.discard(program_name(program.folder, module))
    for command in commands.of(repository, module.folder):
        name = command.argv[0].rpartition("/")[2]
        if command.origin == "procfile" and name in others:
            process = Process(command.environment.get("") or name, (f"./{name}", *command.argv[1:]))
            shown = " ".join(command.argv)[:80]
            evidence.add("process", process, shown, command.file, command.line)


def _subcommands(code: Code, program: Program) -> dict[str, tuple[str, int]]:
    """Return the commands of a program by name, and where each is made."""
    found: dict[str, tuple[str, int]] = {}
    for kind, node, path in code.literals:
        if not kind.endswith("Command"):
            continue
        keys = reading.keys_of(node)
        name = syntax.string(keys.get("Use") or keys.get("Name"))
        runs = {"Run", "RunE", "Action"} & keys.keys()
        if name and runs:
            found.setdefault(name.split()[0], (path, syntax.line(node)))
    for node, path, tags in code.fields:  # go-flags
        if tags.get("command"):
            found.setdefault(tags["command"], (path, syntax.line(node)))
        elif "cmd" in tags:  # kong
            field = syntax.text(node.child_by_field_name("name"))
            dashed = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", field).lower()
            found.setdefault(tags.get("name") or dashed, (path, syntax.line(node)))
    for node, path in code.switches:
        value = syntax.text(node.child_by_field_name("value"))
        if path.rpartition("/")[0] == program.folder.strip(".") and _CHOSEN.fullmatch(value):
            for case in syntax.walk(node, "expression_case"):
                for text in syntax.walk(case.children_by_field_name("value")[0], _TEXT):
                    found.setdefault(syntax.string(text) or "", (path, syntax.line(case)))
    return found


def _root_runs(code: Code) -> bool:
    """Return whether a program does something without a subcommand."""
    added = {
        syntax.text(argument).rpartition(".")[2].removeprefix("&").rstrip("()")
        for call in code.calls
        if call.last == "AddCommand"
        for argument in call.arguments
    }
    for kind, node, _ in code.literals:
        keys = reading.keys_of(node)
        if kind.endswith("App") and "cli" in kind and "Action" in keys:
            return True
        if not kind.endswith("cobra.Command") or not {"Run", "RunE"} & keys.keys():
            continue
        parent = node.parent
        while parent is not None and parent.type not in (
            "var_spec", "short_var_declaration", "return_statement", "assignment_statement",
            "function_declaration",
        ):  # fmt: skip
            parent = parent.parent
        names = [syntax.text(one) for one in reading.names_of(parent)] if parent else []
        if any(re.search("(?i)^root", name) for name in names) and not added & set(names):
            return True
    return False
