"""The base images: the official ones where a registry answers, else stand-ins built here.

A stand-in has the official image's name, exists in the private engine only, and is kept in the
cache as a tarball under its recipe's hash.
"""

import hashlib
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from . import debian, progress, size
from .cache import Cache
from .engine import Engine
from .errors import TestbedError
from .report import Origin, Provided, Published, Report

RECIPES = Path(__file__).parent / "recipes"
REPO_INFO = "docker-library/repo-info"
REGISTRY_SECONDS = 5
LOAD_SECONDS = 300
OFFICIAL_MARK = "official"
# Two builds keep two cores busy through the serial parts of each other (configure, install).
BUILDS_AT_ONCE = 2


@dataclass(frozen=True)
class Base:
    """One image.

    `parents`: the bases its recipe builds on. `published`: the official image's size, or None for
    an image that only other recipes need.
    """

    name: str
    parents: tuple[str, ...]
    published: Published | None

    @property
    def recipe(self) -> str:
        """The name of its folder in recipes/."""
        return self.name.rpartition("/")[2].replace(":", "-")

    def mark(self, tag: str) -> str:
        """A second name of an image in the private engine, which says where it came from.

        The tag is a stand-in's recipe hash, or OFFICIAL_MARK. A label would do as well, but every
        image that is built on it would inherit it.
        """
        return f"dockgen-testbed/{self.recipe}:{tag}"


# Parents come before their children, and what others wait for longest before what they don't.
TABLE = (
    Base("debian:trixie-slim", (), Published(78.6, 29.8, REPO_INFO)),
    Base("dockgen-testbed/musl", ("debian:trixie-slim",), None),
    Base("alpine:3.24", ("dockgen-testbed/musl",), Published(8.42, 3.85, REPO_INFO)),
    Base(
        "python:3.14-alpine3.24",
        ("dockgen-testbed/musl", "alpine:3.24"),
        Published(47.79, 17.8, REPO_INFO),
    ),
    Base("python:3.14-slim-trixie", ("debian:trixie-slim",), Published(119.66, 43.4, REPO_INFO)),
    Base("golang:1.27", ("debian:trixie-slim",), Published(885, None, REPO_INFO)),
    Base("golang:1.27-trixie", ("golang:1.27",), Published(885, None, REPO_INFO)),
    Base("golang:1.27-alpine", ("golang:1.27", "alpine:3.24"), Published(253, 75.2, REPO_INFO)),
    Base(
        "node:24-alpine3.24", ("debian:trixie-slim", "alpine:3.24"), Published(167, 58.2, REPO_INFO)
    ),
    Base(
        "node:24-trixie-slim",
        ("debian:trixie-slim", "node:24-alpine3.24"),
        Published(234, 85.3, REPO_INFO),
    ),
    # Published is the size of 1.31.6, which has the same modules and scripts.
    Base(
        "nginx:1.30-alpine-slim",
        ("dockgen-testbed/musl", "alpine:3.24"),
        Published(12.8, None, REPO_INFO),
    ),
)
BASES = {base.name: base for base in TABLE}

# What the templates build on.
NEEDED = (
    "debian:trixie-slim",
    "python:3.14-slim-trixie",
    "python:3.14-alpine3.24",
    "golang:1.27",
    "golang:1.27-trixie",
    "alpine:3.24",
    "node:24-alpine3.24",
    "node:24-trixie-slim",
    "nginx:1.30-alpine-slim",
)


def provide(cache: Cache, engine: Engine, names: Sequence[str] = NEEDED) -> Report:
    """See to it that the engine has these images. The caller holds the cache's lock.

    Raises TestbedError for a name that is not in TABLE and for an image that can't be provided.
    """
    for name in names:
        if name not in BASES:
            known = ", ".join(base.name for base in TABLE if base.published)
            raise TestbedError(
                f"{name} is not a base image of the test bed; there are {known}",
                "python -m tests.testbed status",
            )
    wanted = [BASES[name] for name in dict.fromkeys(names)]
    if not engine.private:
        for base in wanted:
            if engine.image_id(base.name) is None:
                _pull(cache, engine, base)
    else:
        missing = [base for base in wanted if _mark(engine, base) != OFFICIAL_MARK]
        if missing and _registry_answers(engine):
            for base in missing:
                _pull(cache, engine, base)
                engine.answer("tag", base.name, base.mark(OFFICIAL_MARK))
        elif missing:
            progress.say("no image registry answers: stand-ins of the official images are used")
            _provide_stand_ins(cache, engine, missing)
    _build_on_each(cache, engine, wanted)
    provided = tuple(_describe(cache, engine, base) for base in wanted)
    return Report(engine.version, engine.private, provided)


def _registry_answers(engine: Engine) -> bool:
    inspect = ("manifest", "inspect", TABLE[0].name)
    return engine.answer(*inspect, seconds=REGISTRY_SECONDS) is not None


def _marks(engine: Engine, base: Base) -> dict[str, str]:
    """The tags of all marks of a base in the engine → image id."""
    found = engine.answer("images", "--format", "{{.Tag}}", base.mark("*"))
    marks: dict[str, str] = {}
    for tag in (found or "").split():
        if image := engine.image_id(base.mark(tag)):
            marks[tag] = image
    return marks


def _mark(engine: Engine, base: Base) -> str | None:
    """The tag of the mark that the image of this name has now."""
    image = engine.image_id(base.name)
    return next((tag for tag, marked in _marks(engine, base).items() if marked == image), None)


def _pull(cache: Cache, engine: Engine, base: Base) -> None:
    command = ["docker", "pull", base.name]
    log = cache.logs / f"{base.recipe}.log"
    try:
        progress.run(f"pulling {base.name}", command, log, env=engine.variables())
    except TestbedError as error:
        if engine.private:
            raise
        raise TestbedError(
            f"the engine that answers has no {base.name}, and cannot pull it; stand-ins are "
            "never built into an engine that was there",
            f"docker pull {base.name}, or stop that engine so that a private one is started",
        ) from error


def _describe(cache: Cache, engine: Engine, base: Base) -> Provided:
    image = engine.image_id(base.name)
    if image is None:
        raise TestbedError(f"{base.name} was provided, but is not in the engine", "docker images")
    mark = _mark(engine, base)
    recipe = None if mark == OFFICIAL_MARK else mark
    measured = size.measure(cache, engine, base.name, image)
    return Provided(
        name=base.name,
        origin=Origin.OFFICIAL if recipe is None else Origin.STAND_IN,
        unpacked_bytes=measured.unpacked_bytes,
        gzip_bytes=measured.gzip_bytes,
        recipe=recipe,
        published=base.published,
    )


def _build_on_each(cache: Cache, engine: Engine, wanted: Sequence[Base]) -> None:
    """Let the builder get to know the images, while nobody else builds.

    Where the first two builds on an image run at the same time, the builder of engine 28 doesn't
    find again what one of them has built, and a test of what is cached fails. So an image with two
    names is built on once, and an engine that was started anew builds on all of them anew.
    """
    context = cache.root / "build" / "each"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir(parents=True)
    images = {engine.image_id(base.name): base for base in wanted}.values()
    stages = [f"FROM {base.name} AS {base.recipe}\nRUN touch /built\n" for base in images]
    copies = [f"COPY --from={base.recipe} /built /{base.recipe}\n" for base in images]
    (context / "Dockerfile").write_text("".join([*stages, "FROM scratch\n", *copies]))
    command = ["docker", "build", "--progress=plain", "--no-cache", "--output=type=cacheonly"]
    command.append(str(context))
    log = cache.logs / "each.log"
    title = "building on each base image"
    progress.run(title, command, log, env=engine.variables(), tries=progress.TRIES)
    shutil.rmtree(context)


# ---- stand-ins -----------------------------------------------------------------------------------


def recipe_digests(recipes: Path, machine: bytes) -> dict[str, str]:
    """Base name → 16 hex digits that change with anything a stand-in is made from.

    That is its recipe's files (versions are in them), its parents' hashes, and `machine`: the
    mirror and the certificates, which are inside the first image.
    """
    digests: dict[str, str] = {}
    for base in TABLE:
        digest = hashlib.sha256()
        for parent in base.parents:
            digest.update(digests[parent].encode())
        if not base.parents:
            digest.update(machine)
        folder = recipes / base.recipe
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder)} {len(content)}\n".encode())
            digest.update(content)
        digests[base.name] = digest.hexdigest()[:16]
    return digests


def _machine_folder(cache: Cache) -> Path:
    """What stand-ins take from this machine, as a build context named `machine`."""
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


def _provide_stand_ins(cache: Cache, engine: Engine, wanted: list[Base]) -> None:
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
        _build_all(cache, engine, todo, digests, machine)
        _prune(cache, engine, digests)


def _with_parents(wanted: list[Base], is_there: Callable[[Base], bool]) -> list[Base]:
    """What must be built, parents first: nothing that is there, and no parents of such."""
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


def _tarball(cache: Cache, base: Base, digest: str) -> Path:
    return cache.bases / f"{base.recipe}-{digest}.tar"


def _load(cache: Cache, engine: Engine, base: Base, digest: str) -> bool:
    """Whether the stand-in is in the engine, after loading it from the cache if it was not."""
    mark = base.mark(digest)
    if (image := engine.image_id(mark)) is not None:
        if engine.image_id(base.name) != image:
            engine.answer("tag", mark, base.name)
        return True
    tarball = _tarball(cache, base, digest)
    if not tarball.exists():
        return False
    with progress.step(f"loading {base.name} from the cache"):
        engine.answer("load", "--quiet", "--input", str(tarball), seconds=LOAD_SECONDS)
    return engine.image_id(mark) is not None


def _build_all(
    cache: Cache, engine: Engine, todo: list[Base], digests: Mapping[str, str], machine: Path
) -> None:
    """Build these, two at a time, each as soon as its parents are there."""
    waiting, building = list(todo), dict[Future[None], Base]()
    with ThreadPoolExecutor(BUILDS_AT_ONCE) as pool:
        try:
            while waiting or building:
                missing = {base.name for base in (*waiting, *building.values())}
                ready = [base for base in waiting if missing.isdisjoint(base.parents)]
                for base in ready[: BUILDS_AT_ONCE - len(building)]:
                    waiting.remove(base)
                    job = pool.submit(_build, cache, engine, base, digests[base.name], machine)
                    building[job] = base
                done, _ = wait(building, return_when=FIRST_COMPLETED)
                for job in done:
                    del building[job]
                    job.result()
        except BaseException:
            progress.stopping.set()
            raise


def _build(cache: Cache, engine: Engine, base: Base, digest: str, machine: Path) -> None:
    context = cache.root / "build" / base.recipe
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(RECIPES / base.recipe, context)
    log = cache.logs / f"{base.recipe}.log"
    log.unlink(missing_ok=True)
    if (context / "rootfs.sh").exists():
        mirror = debian.mirror()
        arguments = [str(machine), mirror.archive, mirror.security, "rootfs.tar"]
        command = ["sh", "rootfs.sh", *arguments]
        title = f"making the root folder of {base.name}"
        progress.run(title, command, log, cwd=context, tries=progress.TRIES)
    command = ["docker", "build", "--progress=plain", "--provenance=false"]
    command += ["--build-context", f"machine={machine}"]
    command += ["--tag", base.name, "--tag", base.mark(digest), str(context)]
    title = f"building {base.name}"
    progress.run(title, command, log, env=engine.variables(), tries=progress.TRIES)
    shutil.rmtree(context)

    cache.bases.mkdir(parents=True, exist_ok=True)
    partial = cache.bases / f"{base.recipe}.partial"
    # The layers inside are compressed already.
    command = ["docker", "save", "--output", str(partial), base.name, base.mark(digest)]
    progress.run(f"saving {base.name} in the cache", command, log, env=engine.variables())
    partial.rename(_tarball(cache, base, digest))


def _prune(cache: Cache, engine: Engine, digests: Mapping[str, str]) -> None:
    """Take away stand-ins of former recipes."""
    current = {_tarball(cache, base, digests[base.name]).name for base in TABLE}
    for file in cache.bases.iterdir():
        if file.name not in current:
            file.unlink()
    for base in TABLE:
        for tag in _marks(engine, base):
            if tag not in (OFFICIAL_MARK, digests[base.name]):
                engine.answer("rmi", base.mark(tag))
