"""How a program is built: versions, tags, linker flags, and what is made before it."""

import re
from collections.abc import Iterator

from dockgen import languages
from dockgen.detect import commands, written
from dockgen.detect.golang import modules, packages
from dockgen.detect.golang.modules import Line, Module
from dockgen.detect.model import Command, Evidence, Refusal, Signal
from dockgen.detect.repository import Repository, join, within

# Tags of well-known modules and of Go itself, which no file of the project needs to contain.
_KNOWN_TAGS = frozenset(
    [
        "netgo",
        "osusergo",
        "timetzdata",
        "goolm",
        "nocrypto",
        "musl",
        "sqlite_omit_load_extension",
        "sqlite_fts5",
        "fts5",
        "sqlite_json",
        "sqlite_foreign_keys",
        "sqlite_stat4",
        "sqlite_vtable",
        "sqlite_icu",
        "nomsgpack",
        "jsoniter",
        "sonic",
        "go_json",
        "dynamic",
        "grpcnotrace",
        "nethttpomithttp2",
        "containers_image_openpgp",
        "exclude_graphdriver_btrfs",
        "exclude_graphdriver_devicemapper",
    ]
)
_TAG = re.compile(r"[A-Za-z_][\w.]*")
# Tags that aren't for production builds.
_NOT_FOR_IMAGES = re.compile(
    r"test|debug|dev|race|e2e|integration|bench|mock|example", re.IGNORECASE
)


def versions(repository: Repository, module: Module, evidence: Evidence) -> None:
    """Add the minor versions that are new enough for go.mod and go.work, the newest first."""
    newest = int(str(languages.load()["go"]["version"]).partition(".")[2])
    workspace = modules.workspace(repository, module.folder)
    lines: list[tuple[str, Line | None, str]] = [
        ("go", module.go, module.file),
        ("toolchain", module.toolchain, module.file),
    ]
    if workspace is not None:
        lines += [("go", workspace.go, workspace.file)]
        lines += [("toolchain", workspace.toolchain, workspace.file)]
    newest = max([newest, *(modules.minor(line) or 0 for _, line, _ in lines)])
    for name, line, file in lines:
        least = modules.minor(line)
        if line is None or least is None:
            continue
        allowed = [f"1.{one}" for one in range(newest, max(least, newest - 12) - 1, -1)]
        words = f"{name} {line.words[0]}"
        evidence.add("version", tuple(allowed), words, file, line.number)


def replaced(repository: Repository, module: Module, evidence: Evidence) -> None:
    """Add the folder that the build needs: the workspace's, or the one around local modules."""
    workspace = modules.workspace(repository, module.folder)
    root = module.folder
    if workspace is not None and len(workspace.uses) > 1:
        root = workspace.folder
        line = repository.line(workspace.file, "use")
        evidence.add("root", root, "go.work uses several modules", workspace.file, line)
        return
    told = ("", "", 0)
    waiting, seen = [module], {module.folder}
    for one in waiting:
        for path, (folder, line) in one.replaces.items():
            if not within(folder, root):
                root = common(root, folder)
                told = (f"replace {path} => {folder}", one.file, line)
            inner = modules.module(repository, folder) if folder not in seen else None
            seen.add(folder)
            if inner is not None:
                waiting.append(inner)
    if root != module.folder:
        evidence.add("root", root, *told)


def common(one: str, other: str) -> str:
    """Return the deepest common folder."""
    parts = []
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        parts.append(a)
    return "/".join(parts) or "."


def builds(repository: Repository, module: Module) -> Iterator[Command]:
    """Yield the commands that build Go programs for a release, those of Dockerfiles first."""
    for command in commands.of(repository, module.folder):
        words = command.argv
        if written.is_development(command.file) and command.origin != "ci":
            continue
        at = next((n for n, word in enumerate(words) if word.rpartition("/")[2] == "go"), None)
        xgo = words[0].rpartition("/")[2] in ("xgo", "gox", "garble")
        if xgo or (at is not None and words[at + 1 : at + 2] in (("build",), ("install",))):
            yield command


def tags(repository: Repository, module: Module) -> list[Signal]:
    """Return the tags of the first build with tags that the code or a known module uses."""
    known = _KNOWN_TAGS | _constrained(repository, module)
    for command in builds(repository, module):
        words = _tag_words(command)
        found = [word for word in words if word in known and not _NOT_FOR_IMAGES.search(word)]
        if found:
            shown = f"go build -tags {','.join(found)}"
            weak = written.is_development(command.file)
            evidence = Evidence()
            for tag in dict.fromkeys(found):
                evidence.add("tag", tag, shown, command.file, command.line, weak=weak)
            return evidence.of("tag")
    return _goreleaser_tags(repository, module, known)


def _tag_words(command: Command) -> list[str]:
    text = commands.option(command.argv, "-tags", "--tags") or ""
    flags = tuple(command.environment.get("GOFLAGS", "").split())
    text = f"{text} {commands.option(flags, '-tags') or ''}"
    return _TAG.findall(re.sub(r"\$\{?\w*\}?|\$\(\w*\)", " ", text))


def _constrained(repository: Repository, module: Module) -> frozenset[str]:
    paths = list(repository.sources(module.folder, ".go"))
    found = set()
    for path in repository.holding(paths, b"//go:build", b"// +build"):
        found |= set(_TAG.findall(packages.head(repository, path).constraint))
    return frozenset(
        found - {"linux", "windows", "darwin", "cgo", "unix", "ignore", "amd64", "arm64"}
    )


def _goreleaser_tags(repository: Repository, module: Module, known: frozenset[str]) -> list[Signal]:
    evidence = Evidence()
    for name in (".goreleaser.yml", ".goreleaser.yaml", "goreleaser.yml"):
        path = join(module.folder, name)
        found = repository.yaml(path) if repository.has(path) else None
        every = found.get("builds") if isinstance(found, dict) else None
        for one in every if isinstance(every, list) else ():
            listed = one.get("tags") if isinstance(one, dict) else None
            for tag in listed if isinstance(listed, list) else ():
                if isinstance(tag, str) and tag in known:
                    evidence.add("tag", tag, f"tags: {tag}", path, repository.line(path, tag))
    return evidence.of("tag")


def ldflags(repository: Repository, module: Module, evidence: Evidence) -> None:
    """Add the linker flags of a release build, as far as they don't depend on its environment."""
    for command in builds(repository, module):
        text = commands.option(command.argv, "-ldflags", "--ldflags")
        if not text:
            continue
        parts = re.findall(r"-X[= ]?\s*(?:'[^']*'|\"[^\"]*\"|\S+)", text)
        kept = [part for part in parts if not re.search(r"[$`{]", part) and "=" in part]
        if kept:
            words = f"-ldflags {text[:60]}"
            evidence.add("ldflags", " ".join(kept), words, command.file, command.line, weak=True)
            return


def locked(repository: Repository, module: Module, evidence: Evidence) -> None:
    """Add the lock file, or that it is missing."""
    evidence.add("package_manager", "go", "modules", module.file)
    sums = join(module.folder, "go.sum")
    vendored = join(module.folder, "vendor/modules.txt")
    if repository.has(vendored):
        evidence.add(
            "lock",
            vendored[len(module.folder) + 1 :] if module.folder != "." else vendored,
            "packages are vendored",
            vendored,
        )
    elif repository.has(sums):
        evidence.add("lock", "go.sum", "go.sum", sums)
    else:
        workspace = modules.workspace(repository, module.folder)
        local = set(module.replaces)
        if workspace is not None:
            used = (modules.module(repository, folder) for folder in workspace.uses)
            local |= {one.path for one in used if one is not None}
        missing = [path for path in module.requires if path not in local]
        if missing:
            line = module.requires[missing[0]].number
            evidence.refusals.append(
                Refusal(
                    "",
                    f"{module.file} requires {missing[0]}, and there is no go.sum",
                    f"create it and commit it: cd {module.folder} && go mod tidy",
                    Signal(missing[0], f"require {missing[0]}", module.file, line),
                )
            )


def c_off(repository: Repository, module: Module) -> Signal | None:
    """Return a build with CGO_ENABLED=0, if one is written down."""
    for command in builds(repository, module):
        value = command.environment.get("CGO_ENABLED")
        if value in ("0", "1"):
            return Signal(value == "1", f"CGO_ENABLED={value}", command.file, command.line)
    return None
