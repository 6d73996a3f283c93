"""Go: modules and workspaces, programs and what is compiled into them, and what they need.

| module | what it is |
|---|---|
| `modules` | go.mod and go.work as data |
| `packages` | which packages are programs, and which files are compiled into one |
| `reading` | the code of a program: calls, and what each name is set to |
| `values` | what an expression comes to: flags, variables, constants |
| `listening` | ports, addresses |
| `routes` | health routes |
| `start` | which program it is, and how it is started |
| `arguments` | what has to be given for it to start |
| `build` | versions, tags, linker flags, locks |
| `embedded` | front ends that are built first |
| `native` | cgo, and other programs that are run |
| `needs` | settings, files, folders, services beside |
"""

from dockgen.detect.golang import build, embedded, modules, native, needs, packages, reading, start
from dockgen.detect.golang.modules import Module
from dockgen.detect.model import Claim, Evidence, Given, Signal, Strength
from dockgen.detect.repository import Repository, folder_of, is_aside

name = "go"

# Frameworks by imported module; the first one that is compiled in counts.
_FRAMEWORKS = {
    "gin": "github.com/gin-gonic/gin",
    "echo": "github.com/labstack/echo",
    "fiber": "github.com/gofiber/fiber",
    "chi": "github.com/go-chi/chi",
    "gorilla": "github.com/gorilla/mux",
    "huma": "github.com/danielgtaylor/huma",
    "httprouter": "github.com/julienschmidt/httprouter",
    "connect": "connectrpc.com/connect",
    "grpc": "google.golang.org/grpc",
    "beego": "github.com/beego/beego",
    "iris": "github.com/kataras/iris",
}


def claims(repository: Repository) -> list[Claim]:
    """Return folders with a go.mod: strong if they have a program that isn't a tool, else weak."""
    found = []
    for path in repository.named("go.mod"):
        folder = folder_of(path)
        hidden = any(part.startswith(("_", ".")) for part in folder.split("/") if part != ".")
        module = None if is_aside(path) or hidden else modules.module(repository, folder)
        if module is None:
            continue
        mains = packages.mains(repository, module, frozenset())
        own = [one for one in mains if not packages.is_tool(one, module)]
        outside = not any(part in ("tools", "tool", "hack") for part in folder.split("/"))
        strong = bool(own) and outside
        words = f"package main in {own[0]}" if strong else f"module {module.path}, no program"
        strength = Strength.STRONG if strong else Strength.WEAK
        found.append(Claim(name, folder, Signal(folder, words, path, 0, strength)))
    return _without_helpers(found)


def _without_helpers(found: list[Claim]) -> list[Claim]:
    """Weaken modules inside another one that has a program: a plugin, a generator, an SDK."""
    strong = [one.folder for one in found if one.signal.strength is Strength.STRONG]
    kept = []
    for claim in found:
        outer = [
            folder
            for folder in strong
            if folder != claim.folder and (folder == "." or claim.folder.startswith(f"{folder}/"))
        ]
        if outer and claim.signal.strength is Strength.STRONG:
            signal = claim.signal
            words = f"{signal.words}, inside the module of {outer[0]}"
            weak = Signal(signal.value, words, signal.file, signal.line, Strength.WEAK)
            claim = Claim(claim.language, claim.folder, weak)
        kept.append(claim)
    return kept


def look(repository: Repository, folder: str, given: Given) -> Evidence:
    """Return all signals of the chosen program in the module of a folder."""
    evidence = Evidence()
    module = modules.module(repository, folder)
    if module is None:
        return evidence
    build.versions(repository, module, evidence)
    build.replaced(repository, module, evidence)
    build.locked(repository, module, evidence)
    tags = build.tags(repository, module)
    if tags:
        evidence.signals["tag"] = tags
    said = given.get("tag")
    named = frozenset(said if said is not None else (one.value for one in tags))
    chosen = start.choose(repository, module, named, given, evidence)
    if chosen is None:
        return evidence
    program = packages.program(repository, module, chosen, named)
    code = reading.read(repository, program)
    build.ldflags(repository, module, evidence)
    embedded.look(repository, module, program, evidence)
    _framework(program, module, evidence)
    found = native.look(repository, module, chosen, named, code)
    if off := build.c_off(repository, module):
        weak = Signal(off.value, off.words, off.file, off.line, Strength.WEAK)
        found.signals.setdefault("cgo", []).append(weak)
    evidence.take(found)
    evidence.take(needs.look(repository, module, program, code))
    start.look(repository, module, program, code, given, evidence)
    return evidence


def _framework(program: packages.Program, module: Module, evidence: Evidence) -> None:
    for framework, path in _FRAMEWORKS.items():
        if found := program.uses(path):
            evidence.add("framework", framework, f'import "{found.path}"', found.file, found.line)
            return
    if found := program.uses("net/http"):
        evidence.add("framework", "stdlib", 'import "net/http"', found.file, found.line)
    else:
        evidence.add("framework", "stdlib", "no framework is imported", module.file)
