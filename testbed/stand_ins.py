"""Stand-ins for the base images, built here if no registry answers.

Each has the official image's name and exists only in the private engine. It is cached as a tarball
under its recipe's hash, with a note of the sources that it was compiled from.
"""

import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

from . import debian, progress, sources
from .apt import Apt
from .cache import Cache
from .engine import Engine
from .errors import TestbedError
from .report import Source
from .sources import Sources, Wanted
from .table import BASES, OFFICIAL_MARK, TABLE, Base

RECIPES = Path(__file__).parent / "recipes"
LOAD_SECONDS = 300
# While some builds are in serial parts (configure, install), others keep two cores busy.
BUILDS_AT_ONCE = 3

Tarballs = Sequence[tuple[Wanted, Source, Path]]


def provide(cache: Cache, engine: Engine, wanted: list[Base]) -> tuple[Source, ...]:
    """Make sure that the private engine has these; return what they were compiled from."""
    if platform.machine() != "x86_64":
        raise TestbedError(
            f"stand-ins are built for amd64 only, and this is {platform.machine()}",
            "use a machine that reaches an image registry",
        )
    machine = _machine_folder(cache)
    files = sorted(path for path in machine.rglob("*") if path.is_file())
    digests = recipe_digests(RECIPES, b"".join(file.read_bytes() for file in files))

    todo = _with_parents(wanted, lambda base: _load(cache, engine, base, digests[base.name]))
    if todo:
        debian.require(
            cache, {"mmdebstrap": ("mmdebstrap", "makes the root folder of debian:trixie-slim")}
        )
        apt = Apt(cache)
        _Build(cache, engine, apt, machine, digests).all(todo)
        _prune(cache, engine, apt, digests)
    parts = _with_parents(wanted, lambda _: False)
    notes = (_note(cache, base, digests[base.name]) for base in parts)
    return tuple(dict.fromkeys(source for note in notes for source in _noted(note)))


def recipe_digests(recipes: Path, machine: bytes) -> dict[str, str]:
    """Return base name → 16 hex digits that change with anything a stand-in is made from.

    That is its recipe's files, which contain the versions, its parents' hashes, and `machine`: the
    mirror and the certificates, which are inside the first image. What the mirror serves today
    isn't part of it: a cached image stays valid if the mirror drops a file.
    """
    digests: dict[str, str] = {}
    for base in TABLE:
        digest = hashlib.sha256()
        for parent in base.parents:
            digest.update(digests[parent].encode())
        if not base.parents:
            digest.update(machine)
        digest.update("\n".join([*base.arguments, *map(repr, base.edits)]).encode())
        for folder in (recipes / name for name in base.folders):
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                content = file.read_bytes()
                digest.update(f"{file.relative_to(folder)} {len(content)}\n".encode())
                digest.update(content)
        digests[base.name] = digest.hexdigest()[:16]
    return digests


def _machine_folder(cache: Cache) -> Path:
    """Return the build context `machine`: what stand-ins take from this machine."""
    folder = cache.root / "machine"
    shutil.rmtree(folder, ignore_errors=True)
    certificates = folder / "certificates"
    certificates.mkdir(parents=True)
    for certificate in sorted(debian.EXTRA_CERTIFICATES.glob("*.crt")):
        shutil.copy(certificate, certificates)
    bundle = folder / "ca-bundle.pem"
    bundle.write_bytes(debian.CA_BUNDLE.read_bytes() if debian.CA_BUNDLE.exists() else b"")
    (folder / "apt.conf").write_text(debian.settings())
    mirror = debian.mirror()
    (folder / "debian.sources").write_text(
        debian.source_stanza(mirror.archive, "trixie trixie-updates")
        + "\n"
        + debian.source_stanza(mirror.security, "trixie-security")
    )
    return folder


def _with_parents(wanted: list[Base], is_there: Callable[[Base], bool]) -> list[Base]:
    """Return what must be built, parents first; what exists needs no parents."""
    todo: dict[str, Base] = {}

    def visit(base: Base) -> None:
        if base.name in todo or is_there(base):
            return
        for parent in base.parents:
            visit(BASES[parent])
        todo[base.name] = base

    for base in wanted:
        visit(base)
    return [base for base in TABLE if base.name in todo]


def tarball(cache: Cache, base: Base, digest: str) -> Path:
    """Return the path of a recipe's saved image, which may not exist."""
    return cache.bases / f"{base.recipe}-{digest}.tar"


def _note(cache: Cache, base: Base, digest: str) -> Path:
    return cache.bases / f"{base.recipe}-{digest}.json"


def _noted(note: Path) -> list[Source]:
    return [Source(**fields) for fields in json.loads(note.read_text())] if note.exists() else []


def _load(cache: Cache, engine: Engine, base: Base, digest: str) -> bool:
    """Load the stand-in from the cache if it isn't in the engine; return whether it is now."""
    mark = base.mark(digest)
    if (image := engine.image_id(mark)) is not None:
        if engine.image_id(base.name) != image:
            engine.answer("tag", mark, base.name)
        return True
    saved = tarball(cache, base, digest)
    if not saved.exists():
        return False
    with progress.step(f"loading {base.name} from the cache"):
        engine.answer("load", "--quiet", "--input", str(saved), seconds=LOAD_SECONDS)
    return engine.image_id(mark) is not None


@dataclass(frozen=True)
class _Build:
    """What all builds of a run share."""

    cache: Cache
    engine: Engine
    apt: Apt
    machine: Path
    digests: Mapping[str, str]

    def all(self, todo: list[Base]) -> None:
        """Build these, some at a time, each as soon as its parents exist.

        Meanwhile, sources are fetched in the order in which they are needed.
        """
        wanted = {base.name: sources.read(lay_out(base, self._context(base))) for base in todo}
        store = Sources(self.apt, [source for each in wanted.values() for source in each])
        waiting, building = list(todo), dict[Future[None], Base]()
        with ThreadPoolExecutor(1) as fetcher, ThreadPoolExecutor(BUILDS_AT_ONCE) as pool:
            tarballs = {
                name: fetcher.submit(_fetch, store, each) for name, each in wanted.items() if each
            }
            try:
                while waiting or building:
                    missing = {base.name for base in (*waiting, *building.values())}
                    ready = [base for base in waiting if missing.isdisjoint(base.parents)]
                    for base in ready[: BUILDS_AT_ONCE - len(building)]:
                        waiting.remove(base)
                        job = pool.submit(self._one, base, tarballs.get(base.name))
                        building[job] = base
                    done, _ = wait(building, return_when=FIRST_COMPLETED)
                    for job in done:
                        del building[job]
                        job.result()
            except BaseException:
                progress.stopping.set()
                fetcher.shutdown(wait=False, cancel_futures=True)
                raise

    def _context(self, base: Base) -> Path:
        return self.cache.root / "build" / base.recipe

    def _one(self, base: Base, tarballs: Future[Tarballs] | None) -> None:
        fetched = tarballs.result() if tarballs else ()
        context = self._context(base)
        log = self.cache.logs / f"{base.recipe}.log"
        log.unlink(missing_ok=True)
        if (context / "rootfs.sh").exists():
            mirror = debian.mirror()
            arguments = [str(self.machine), mirror.archive, mirror.security, "rootfs.tar"]
            command = ["sh", "rootfs.sh", *arguments]
            title = f"making the root folder of {base.name}"
            progress.run(title, command, log, cwd=context, tries=progress.TRIES)
        digest = self.digests[base.name]
        command = ["docker", "build", "--progress=plain", "--provenance=false"]
        command += ["--build-context", f"machine={self.machine}"]
        command += self._with_sources(context, fetched)
        command += [f"--build-arg={argument}" for argument in base.arguments]
        if not base.is_base:
            # Its size isn't needed, and gzip takes as long as compiling one of its libraries.
            command.append("--output=type=image,compression=uncompressed,unpack=true")
        command += ["--tag", base.name, "--tag", base.mark(digest), str(context)]
        env = self.engine.variables()
        progress.run(f"building {base.name}", command, log, env=env, tries=progress.TRIES)
        shutil.rmtree(context)

        self.cache.bases.mkdir(parents=True, exist_ok=True)
        note = json.dumps([asdict(source) for _, source, _ in fetched], indent=2)
        _note(self.cache, base, digest).write_text(note + "\n")
        partial = self.cache.bases / f"{base.recipe}.partial"
        # The layers inside are already compressed.
        command = ["docker", "save", "--output", str(partial), base.name, base.mark(digest)]
        progress.run(f"saving {base.name} in the cache", command, log, env=env)
        partial.rename(tarball(self.cache, base, digest))

    def _with_sources(self, context: Path, fetched: Tarballs) -> list[str]:
        """Return the options that pass sources to a build, as a build context named `sources`."""
        if not fetched:
            return []
        folder = context / "sources"
        folder.mkdir()
        options = ["--build-context", f"sources={folder}"]
        for wanted, source, file in fetched:
            shutil.copy(file, folder / f"{source.package}.tar")
            if wanted.argument:
                options += ["--build-arg", f"{wanted.argument}={source.version}"]
        return options


def lay_out(base: Base, context: Path) -> Path:
    """Write a recipe's build context, over what is there."""
    shutil.rmtree(context, ignore_errors=True)
    for folder in (RECIPES / name for name in base.folders):
        if folder.exists():
            shutil.copytree(folder, context, dirs_exist_ok=True)
    dockerfile = context / "Dockerfile"
    text = dockerfile.read_text()
    for before, after in base.edits:
        text = text.replace(before, after)
    dockerfile.write_text(text)
    return context


def _fetch(store: Sources, wanted: Sequence[Wanted]) -> Tarballs:
    return [(each, *store.fetch(each)) for each in wanted]


def marks(engine: Engine, base: Base) -> dict[str, str]:
    """Return the tags of all marks of a base in the engine → image id."""
    found = engine.answer("images", "--format", "{{.Tag}}", base.mark("*"))
    known: dict[str, str] = {}
    for tag in (found or "").split():
        if image := engine.image_id(base.mark(tag)):
            known[tag] = image
    return known


def _prune(cache: Cache, engine: Engine, apt: Apt, digests: Mapping[str, str]) -> None:
    """Remove stand-ins of former recipes, and sources that only those used."""
    notes = {_note(cache, base, digests[base.name]) for base in TABLE}
    current = notes | {tarball(cache, base, digests[base.name]) for base in TABLE}
    for file in cache.bases.iterdir():
        if file not in current:
            file.unlink()
    apt.keep_only(source.sha256 for note in notes for source in _noted(note))
    for base in TABLE:
        for tag in marks(engine, base):
            if tag not in (OFFICIAL_MARK, digests[base.name]):
                engine.answer("rmi", base.mark(tag))
