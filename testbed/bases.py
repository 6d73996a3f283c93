"""The base images: the official ones if a registry answers, otherwise stand-ins built here."""

import shutil
from collections.abc import Sequence

from . import progress, size, stand_ins
from .cache import Cache
from .engine import Engine
from .errors import TestbedError
from .report import Origin, Provided, Report, Source
from .table import BASES, NEEDED, OFFICIAL_MARK, TABLE, Base

REGISTRY_SECONDS = 5


def provide(cache: Cache, engine: Engine, names: Sequence[str] = NEEDED) -> Report:
    """Make sure that the engine has these images. The caller must hold the cache's lock.

    Raises TestbedError for a name that isn't in TABLE, or if an image can't be provided.
    """
    for name in names:
        if name not in BASES:
            known = ", ".join(base.name for base in TABLE if base.is_base)
            raise TestbedError(
                f"{name} is not a base image of the test bed; there are {known}",
                "python -m testbed status",
            )
    wanted = [BASES[name] for name in dict.fromkeys(names)]
    sources: tuple[Source, ...] = ()
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
            sources = stand_ins.provide(cache, engine, missing)
    _build_on_each(cache, engine, wanted)
    provided = tuple(_describe(cache, engine, base) for base in wanted)
    return Report(engine.version, engine.private, provided, sources)


def _registry_answers(engine: Engine) -> bool:
    inspect = ("manifest", "inspect", TABLE[0].name)
    return engine.answer(*inspect, seconds=REGISTRY_SECONDS) is not None


def _mark(engine: Engine, base: Base) -> str | None:
    """Return the tag of the mark that the image of this name has now."""
    image = engine.image_id(base.name)
    return next(
        (tag for tag, marked in stand_ins.marks(engine, base).items() if marked == image), None
    )


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
    saved = stand_ins.tarball(cache, base, recipe) if recipe else None
    measured = size.measure(cache, engine, base.name, image, saved)
    return Provided(
        name=base.name,
        origin=Origin.OFFICIAL if recipe is None else Origin.STAND_IN,
        unpacked_bytes=measured.unpacked_bytes,
        gzip_bytes=measured.gzip_bytes,
        recipe=recipe,
        published=base.published,
    )


def _build_on_each(cache: Cache, engine: Engine, wanted: Sequence[Base]) -> None:
    """Build on each image once, while nothing else builds.

    If the first two builds on an image run at the same time, the builder of engine 28 may not find
    again what one of them built, and a test of the cache fails. So an image with two names is built
    on once, and a restarted engine builds on all of them again.
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
