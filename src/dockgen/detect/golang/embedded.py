"""Front ends that a Go program embeds, and what has to build them first."""

import re
from collections.abc import Iterable, Iterator

from dockgen.detect import commands
from dockgen.detect.golang.modules import Module
from dockgen.detect.golang.packages import Program
from dockgen.detect.model import Evidence, Frontend, Refusal, Signal
from dockgen.detect.repository import Repository, folder_of, is_aside, join, within

_PLACEHOLDERS = frozenset({".gitkeep", ".keep", ".gitignore", "README.md", "placeholder", ".empty"})
# What container files leave out of the build as a secret, by its name.
_SECRETS = re.compile(r".*\.(?:pem|key|p12|pfx)")
_MANAGERS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("package-lock.json", "npm"))


def look(repository: Repository, module: Module, program: Program, evidence: Evidence) -> None:
    """Add front ends whose output is embedded but not committed, and generated code."""
    told = set()
    for pattern, path, number in _patterns(repository, program.files):
        if "/vendor/" in f"/{path}":
            continue
        folder = folder_of(path)
        target = _target(folder, pattern.strip('"`'))
        if target not in told and (made := _scripted(repository, target)):
            told.add(target)
            words = f"//go:embed {pattern}, which {made.folder}/package.json builds"
            evidence.add("frontend", made, words, path, number)
        if target in told:
            continue
        if _is_there(repository, folder, pattern.strip('"`')):
            for below in _ignored(repository, target) if _has_build(repository) else ():
                _frontend(repository, module, below, (pattern, path, number), evidence)
            continue
        told.add(target)
        _frontend(repository, module, target, (pattern, path, number), evidence)
    if program.missing and not evidence.of("build") and _generates(repository, module):
        name, one = next(iter(program.missing.items()))
        words = f'import "{name}", which has no files'
        evidence.add("build", "go generate ./...", words, one.file, one.line, weak=True)


def kept(repository: Repository, root: str) -> list[str]:
    """Return embedded files that only look like a secret, such as a public key."""
    found = []
    for written, path, _ in _patterns(repository, repository.sources(root, ".go")):
        folder, pattern = folder_of(path), written.strip('"`')
        whole = join(folder, re.sub(r"^all:", "", pattern))
        below = [whole] if repository.has(whole) else repository.under(_target(folder, pattern))
        found += [
            one
            for one in below
            if _SECRETS.fullmatch(one) and b"PRIVATE KEY" not in repository.content(one)
        ]
    return sorted(set(found))


def _patterns(repository: Repository, paths: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Yield what Go files embed, as it is written: each pattern, its file, and its line."""
    for path in repository.holding(paths, b"//go:embed "):
        for number, line in enumerate(repository.lines(path), 1):
            text = line.strip()  # in a block of variables, it is indented
            if text.startswith("//go:embed "):
                yield from ((pattern, path, number) for pattern in text.split()[1:])


def _generates(repository: Repository, module: Module) -> bool:
    """Return whether `go generate` makes something."""
    paths = repository.sources(module.folder, ".go")
    return next(repository.holding(paths, b"\n//go:generate "), None) is not None


def _ignored(repository: Repository, target: str) -> Iterator[str]:
    """Yield embedded folders that git ignores by name: a build makes them."""
    for path in repository.named(".gitignore"):
        for line in repository.lines(path):
            name = line.strip().strip("/")
            if "/" not in name or not re.fullmatch(r"[\w./-]+", name):
                continue
            folder = join(folder_of(path), name)
            inner = target not in (".", folder) and within(folder, target)
            if inner and folder not in repository.folders and not repository.has(folder):
                yield folder


def _has_build(repository: Repository) -> bool:
    """Return whether a package.json has a build script."""
    return any(
        "build" in _scripts(repository, path)
        for path in repository.named("package.json")
        if not is_aside(path)
    )


def _scripts(repository: Repository, manifest: str) -> dict[str, str]:
    """Return the scripts of a package.json by name."""
    content = repository.json(manifest)
    found = content.get("scripts") if isinstance(content, dict) else None
    found = found if isinstance(found, dict) else {}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def _scripted(repository: Repository, target: str) -> Frontend | None:
    """Return the front end whose script names the embedded folder, unless its files exist."""
    if any(path.endswith((".js", ".mjs", ".wasm")) for path in repository.under(target)):
        return None
    for manifest in repository.named("package.json"):
        folder = folder_of(manifest)
        for name, text in _scripts(repository, manifest).items():
            told = re.search(r"--(?:outDir|out-dir|dest|dist-dir)[ =](\S+)", text)
            if told and join(folder, told[1]) == target and not is_aside(manifest):
                manager = _manager(repository, folder)
                return Frontend(folder, manager, f"{manager} run {name}", target)
    return None


def _manager(repository: Repository, folder: str) -> str:
    return next((name for lock, name in _MANAGERS if repository.has(join(folder, lock))), "npm")


def _target(folder: str, pattern: str) -> str:
    pattern = re.sub(r"^all:", "", pattern)
    fixed = re.split(r"[*?\[]", pattern)[0]
    if fixed != pattern:
        fixed = fixed.rpartition("/")[0]
    target = join(folder, fixed or ".") or folder
    name = target.rpartition("/")[2]
    if "." in name and target != folder:  # a file: its folder is built
        target = folder_of(target)
        target = target.removesuffix("/.vite")
    return target


def _is_there(repository: Repository, folder: str, pattern: str) -> bool:
    """Return whether anything but a placeholder is committed at a pattern's path."""
    target = _target(folder, pattern)
    plain = re.sub(r"^all:", "", pattern)
    if repository.has(join(folder, plain)):
        return True
    if re.search(r"[*?\[]", plain):
        parts = [re.escape(part) for part in re.split(r"[*?]", join(folder, plain) or plain)]
        matcher = re.compile("[^/]*".join(parts) + "(?:/.*)?")
        names = [path for path in repository.under(target) if matcher.fullmatch(path)]
    else:
        names = list(repository.under(join(folder, plain)))
    return any(path.rpartition("/")[2] not in _PLACEHOLDERS for path in names)


def _frontend(
    repository: Repository,
    module: Module,
    target: str,
    embedded: tuple[str, str, int],
    evidence: Evidence,
) -> None:
    if evidence.of("frontend"):
        return
    pattern, file, line = embedded
    folders = []
    for manifest in repository.named("package.json"):
        folder = folder_of(manifest)
        build = _scripts(repository, manifest).get("build")
        if is_aside(manifest):
            continue
        command = _written_build(repository, module)
        if build is not None or command:
            near = within(target, folder) * len(folder.split("/")) if folder != "." else 0
            folders.append((-near, folder.count("/"), folder, bool(build), command))
    if not folders:
        words = f"//go:embed {pattern}: nothing is committed there"
        if _generates(repository, module):
            if not evidence.of("build"):
                evidence.add("build", "go generate ./...", words, file, line, weak=True)
            return
        evidence.refusals.append(
            Refusal(
                "",
                f"{file} embeds {target}, which isn't committed, and no command was found that"
                " builds it",
                f"give the command: --build 'COMMAND', or commit {target}",
                Signal(target, words, file, line),
            )
        )
        return
    _, _, folder, has_script, command = min(folders, key=lambda one: one[:3])
    manager = _manager(repository, folder)
    build = f"{manager} run build" if has_script else command
    words = f"//go:embed {pattern}, which {folder}/package.json builds"
    evidence.add("frontend", Frontend(folder, manager, build, target), words, file, line)


def _written_build(repository: Repository, module: Module) -> str:
    """Return the command of a Makefile or Dockerfile that builds a front end without a script."""
    for command in commands.of(repository, module.folder):
        if command.argv[0] in ("npx", "pnpm", "yarn", "npm") and "build" in command.argv:
            return " ".join(command.argv)
    return ""
