"""Node: package managers and workspaces, what a build makes, how it starts, what it needs.

| module | what it is |
|---|---|
| `manifest` | package.json, workspaces, tsconfig.json as data |
| `versions` | which LTS lines a range or a file allows |
| `manager` | the package manager, its lock, install scripts that have to run |
| `sites` | frameworks that start by rules of their own, and sites that are only files |
| `output` | where a build writes |
| `entry` | the command that starts |
| `build` | what has to run before: builds, generators, migrations |
| `sources` | which files one imports |
| `code` | the code of a program: calls, and what each name is set to |
| `program` | its source files, read into that |
| `routes` | ports, addresses, health routes |
| `needs` | settings, files, programs |
| `beside` | services beside |
"""

import re
from dataclasses import replace

from dockgen.detect import commands, written
from dockgen.detect.model import Argv, Claim, Evidence, Given, Refusal, Signal, Strength
from dockgen.detect.node import (
    beside,
    build,
    entry,
    manager,
    needs,
    program,
    routes,
    sites,
    sources,
    versions,
)
from dockgen.detect.node.code import Code
from dockgen.detect.node.manifest import Manifest, manifest, members, root_of
from dockgen.detect.repository import Repository, folder_of, is_aside, join

name = "node"

_FRAMEWORKS = (
    ("nest", "@nestjs/core"), ("fastify", "fastify"), ("express", "express"), ("koa", "koa"),
    ("hono", "hono"), ("hapi", "@hapi/hapi"), ("adonis", "@adonisjs/core"), ("h3", "h3"),
    ("restify", "restify"), ("polka", "polka"), ("feathers", "@feathersjs/feathers"),
    ("apollo", "@apollo/server"), ("srvx", "srvx"), ("discord.js", "discord.js"),
    ("grammy", "grammy"), ("telegraf", "telegraf"), ("bolt", "@slack/bolt"), ("bullmq", "bullmq"),
)  # fmt: skip
_BOTS = ("discord.js", "grammy", "telegraf", "node-telegram-bot-api", "eris", "matrix-js-sdk",
         "tmi.js", "whatsapp-web.js", "@discordjs/core", "oceanic.js", "baileys", "seyfert",
         )  # fmt: skip
_WORKS = ("bullmq", "bull", "agenda", "node-cron", "cron", "kafkajs", "amqplib", "bee-queue",
          "@temporalio/worker", "mqtt", "pg-boss", "graphile-worker", "croner")  # fmt: skip


def claims(repository: Repository) -> list[Claim]:
    """Return folders with a package.json: strong if something in it starts or is served."""
    found = []
    for path in repository.named("package.json"):
        folder = folder_of(path)
        if is_aside(path) or any(
            part.startswith((".", "_")) for part in folder.split("/") if part != "."
        ):
            continue
        own = manifest(repository, folder)
        strong, words, line = _starts(own, repository)
        strength = Strength.STRONG if strong else Strength.WEAK
        found.append(Claim(name, folder, Signal(folder, words, path, line, strength)))
    strong_root = any(one.folder == "." and one.signal.strength is Strength.STRONG for one in found)
    taken = members(repository, ".")
    return [
        replace(one, signal=replace(one.signal, strength=Strength.WEAK))
        if strong_root and one.folder != "." and one.folder not in taken
        else one
        for one in found
    ]


def _starts(own: Manifest, repository: Repository) -> tuple[bool, str, int]:
    """Return whether a package.json is that of a service or site, and what says so."""
    if not own.data:
        return False, "package.json", 0
    root = root_of(repository, own.folder)
    if repository.has(join(own.folder, "cdk.json")) or own.needs("aws-cdk-lib", "@pulumi/pulumi"):
        return False, "what it is deployed with", 0
    if members(repository, own.folder) and not own.dependencies:
        return False, "the root of a workspace", own.line("workspaces")
    kind = sites.find(own, root)
    if kind is not None:
        embedded = kind.site and _serves_beside(repository, own.folder)
        return not embedded, kind.words, 0
    server = own.needs(*sites.SERVERS) or own.needs(*_BOTS) or own.needs(*_WORKS)
    collected = Evidence()
    start = entry.look(own, collected)
    if start is None:
        return False, "package.json without a start", 0
    signal = collected.of("entry")[0]
    is_library = not own.scripts.get("start") and not own.data.get("bin") and not server
    if own.folder != "." and is_library and signal.words.startswith("main:"):
        return False, signal.words, signal.line
    private = own.data.get("private") is True
    if server or (signal.strength is Strength.STRONG and not is_library):
        if (
            own.folder != root
            and not private
            and own.data.get("exports")
            and not own.scripts.get("start")
        ):
            return False, f"{signal.words}, in a library", signal.line
        return True, signal.words, signal.line
    if (
        signal.strength is Strength.STRONG
        and (own.data.get("main") or own.dependencies)
        and own.folder == "."
    ):
        return not own.data.get("exports"), signal.words, signal.line
    return False, signal.words, signal.line


def _serves_beside(repository: Repository, folder: str) -> bool:
    """Return whether a site is in the folder of a Go or Python service that serves it."""
    where = folder
    while True:
        for manifest_ in ("go.mod", "pyproject.toml", "requirements.txt", "manage.py"):
            if repository.has(join(where, manifest_)):
                return True
        if where == ".":
            return False
        where = folder_of(where)


def look(repository: Repository, folder: str, given: Given) -> Evidence:
    """Return all signals of the package in a folder."""
    evidence = Evidence()
    own = manifest(repository, folder)
    root = root_of(repository, folder)
    if root != folder:
        path = manifest(repository, root).file
        evidence.add("root", root, "a package of its workspace", path, 0)
    versions.look(repository, own, root, evidence)
    used = manager.look(repository, own, root, evidence)
    kind = sites.find(own, root)
    if kind is not None and (kind.site or not kind.argv):
        build.look(own, root, used, kind, (), evidence)
        _site(own, kind, evidence)
        return evidence
    start = None
    if kind is not None:
        evidence.add("entry", kind.argv, kind.words, kind.file)
        evidence.add(
            "framework", kind.framework, kind.package, own.file, own.line(f'"{kind.package}"')
        )
        evidence.add("workload", "service", kind.words, kind.file)
        source = ""
    else:
        start = entry.look(own, evidence)
        source = start.source if start is not None else ""
        _framework(own, evidence)
    argv = given.get("entry") or next((one.value for one in evidence.of("entry")), ())
    build.look(own, root, used, kind, argv, evidence)
    if given.get("entry"):
        source = _meant(own, given["entry"]) or source
    read = program.read(repository, folder, source)
    needs.look(own, read, evidence)
    if source and source in {own.at(word) for word in argv}:
        needs.development(own, source, evidence)
    if not given.get("entry"):
        needs.arguments(read, argv, evidence)
    beside.look(own, read, evidence)
    if kind is not None:
        _served(kind, own, read, evidence)
    else:
        _started(own, read, start, given, evidence)
    return evidence


def _meant(own: Manifest, argv: Argv) -> str:
    """Return the source file in a command that the user gave, or ""."""
    for word in argv:
        path = own.at(word)
        found = sources.resolved(own.repository, path) or entry.source_of(
            own, word.removeprefix("./")
        )
        if found:
            return found
    return ""


def _site(own: Manifest, kind: sites.Kind, evidence: Evidence) -> None:
    evidence.add("framework", kind.framework, kind.package, own.file, own.line(f'"{kind.package}"'))
    if not kind.site:
        evidence.refusals.append(
            Refusal(
                "",
                f"{kind.words} in {kind.file}, so its build can't start on its own",
                "set an adapter in svelte.config.js: npm install @sveltejs/adapter-node",
                Signal(kind.framework, kind.words, kind.file),
            )
        )
        return
    evidence.add("workload", "site", kind.words, kind.file)
    evidence.add("health", "/", "the first page", kind.file)
    evidence.add("port", 8080, "a site is served on it", kind.file, weak=True)


def _served(kind: sites.Kind, own: Manifest, read: Code, evidence: Evidence) -> None:
    """Add the start of a framework's server, which reads PORT and listens on all addresses."""
    start = own.scripts.get("start", "")
    told = re.search(r"(?:-p|--port)(?:=|\s+)(\d{2,5})|\bPORT=(\d{2,5})", start)
    if told:
        port = int(told[1] or told[2])
        evidence.add("port", port, f"start: {start}"[:80], own.file, own.line('"start"'))
    if kind.port:
        evidence.default("port", kind.port, f"{kind.framework}'s own", kind.file)
    if "{port}" not in " ".join(kind.argv):
        evidence.add("environment", "PORT={port}", f"{kind.framework} reads it", kind.file)
    if kind.opened:
        evidence.add("environment", kind.opened, f"{kind.framework} reads it", kind.file)
    evidence.add("bind", "0.0.0.0", f"{kind.framework} listens on all", kind.file)
    routes.look(own, Code(files=read.files), evidence)
    evidence.default("health", "/", "the first page: a guess", kind.file)
    if kind.framework == "next":
        evidence.add("writable", ".next/cache", "Next keeps pages and images there", kind.file)


def _started(
    own: Manifest, read: Code, start: entry.Start | None, given: Given, evidence: Evidence
) -> None:
    """Add the kind of a program of its own: it depends on whether it listens."""
    probe = Evidence()
    listens = routes.look(own, read, probe)
    routes.fastify(own, read, probe)
    server = own.needs(*sites.SERVERS)
    bot = own.needs(*_BOTS)
    works = own.needs(*_WORKS)
    exposed = written.exposed(own.repository, own.folder)
    if listens and not bot:
        place = probe.of("bind")[0] if probe.of("bind") else None
        words = place.words if place else "it listens"
        evidence.add(
            "workload",
            "service",
            words,
            place.file if place else own.file,
            place.line if place else 0,
        )
    elif bot:
        evidence.add("workload", "worker", bot, own.file, own.line(f'"{bot}"'), weak=listens)
        if listens:
            evidence.add("workload", "service", "it listens, too", own.file, 0, weak=True)
    elif server:
        evidence.add("workload", "service", server, own.file, own.line(f'"{server}"'), weak=True)
    elif exposed:
        words = f"EXPOSE {exposed[0].port}"
        evidence.add("workload", "service", words, exposed[0].file, exposed[0].line, weak=True)
        for one in evidence.of("setting"):
            if one.value.name == "PORT" and one.value.default is None:
                evidence.add("open", "PORT={port}", one.words, one.file, one.line, weak=True)
    elif works:
        evidence.add("workload", "worker", works, own.file, own.line(f'"{works}"'), weak=True)
    else:
        evidence.add("workload", "job", "nothing listens", own.file, 0, weak=True)
    workload = given.get("workload") or evidence.of("workload")[0].value
    if workload == "service":
        evidence.take(probe)
        number = commands.option(start.argv, "--port", "-p") if start is not None else None
        if start is not None and number and number.isdecimal() and not probe.of("port"):
            evidence.add("port", int(number), start.words, start.file, start.line)
        elif not probe.of("port") and not probe.defaults.get("port"):
            evidence.default("port", 3000, "a convention", own.file)
    told = entry.subcommand(read) if start and start.words.startswith("bin ") else None
    if start is not None and told is not None:
        command, file, line = told
        argv = (*start.argv, command)
        evidence.signals["entry"].insert(0, Signal(argv, f'the command "{command}"', file, line))
        evidence.signals["entry"] = [
            one if place == 0 else Signal(one.value, one.words, one.file, one.line, Strength.WEAK)
            for place, one in enumerate(evidence.signals["entry"])
        ]


def _framework(own: Manifest, evidence: Evidence) -> None:
    for framework, package in _FRAMEWORKS:
        if own.needs(package):
            evidence.add("framework", framework, package, own.file, own.line(f'"{package}"'))
            return
    evidence.add("framework", "stdlib", "no framework is asked for", own.file)
