"""Each rule finds its problem on a real image, and no other rule does.

bad/sound contains a small valid project. Each case breaks it with lines at the end of its
Dockerfile, where the last instruction of a kind wins, or by the way its container is started.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dockgen import check, engine
from dockgen import project as projects
from dockgen.checks import Files, check_files, check_image, check_running
from dockgen.containerfiles import context, dockerfile
from dockgen.engine import BuildError, RunOptions
from dockgen.image import Image
from dockgen.image import saved as saved_image
from dockgen.project import Project
from dockgen.targets import target
from dockgen.targets.observe import observe
from dockgen.targets.target import Asked

SOUND = Path(__file__).parent / "bad" / "sound"
AS_COMPOSE = RunOptions(port=8080)


@dataclass(frozen=True)
class Case:
    """A way to be bad: lines of a Dockerfile, or options of a run, and the rules that find it.

    Without options no container is started: what is bad is the image alone.
    """

    name: str
    rules: tuple[str, ...]
    lines: str = ""
    options: RunOptions | None = AS_COMPOSE


# The engine makes the folder that it mounts something at: no program wrote that.
WITHOUT_TMP = """FROM scratch
COPY --from=build /server /
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --start-period=10s --start-interval=0.2s CMD ["/server", "healthcheck"]
ENTRYPOINT ["/server"]"""

CASES = (
    Case("sound", ()),
    Case("sound without a folder for tmp", (), WITHOUT_TMP),
    Case("runs as root", ("DG101", "DG203"), "USER 0:0"),
    Case("runs as a name", ("DG101",), "USER nonroot"),
    Case("no health check", ("DG102", "DG201"), "HEALTHCHECK NONE"),
    Case(
        "no start interval",
        ("DG103",),
        'HEALTHCHECK --interval=1s --start-period=9s CMD ["/server", "healthcheck"]',
    ),
    # The server itself plays the shell: it takes no notice of its arguments.
    Case("shell form", ("DG104", "DG108"), "COPY --from=build /server /bin/sh\nENTRYPOINT /server"),
    Case("setuid file", ("DG106",), "COPY --from=build --chmod=4755 /server /helper"),
    Case(
        "setuid file in a lower layer",
        ("DG106",),
        "COPY --from=build --chmod=2755 /src/go.mod /helper\n"
        "COPY --from=build --chmod=755 /src/go.mod /helper",
    ),
    Case("package manager", ("DG107",), "COPY --from=build /server /usr/local/bin/npm"),
    Case("shell", ("DG108",), "COPY --from=build /server /bin/sh"),
    Case("secret in a variable", ("DG111",), "ENV API_TOKEN=hunter2!", None),
    Case("secret in the history", ("DG111",), "ARG API_TOKEN=hunter2!", None),
    Case("secret in a file", ("DG112",), "COPY <<E /app/.env\nAPI_TOKEN=hunter2!\nE", None),
    Case("version control", ("DG113",), "COPY <<E /app/.git/HEAD\nref: x\nE", None),
    Case("cache", ("DG114",), "COPY --from=build /server /var/cache/apk/app.apk", None),
    Case(
        "hidden bytes",
        ("DG115",),
        "COPY --from=build /server /app/x\nCOPY --from=build /src/go.mod /app/x",
        None,
    ),
    Case(
        "world-writable file", ("DG116",), "COPY --from=build --chmod=666 /src/go.mod /app/x", None
    ),
    Case("library without a package", ("DG118",), "COPY <<E /usr/lib/libz.so.1\nx\nE", None),
    Case(
        "library with its package",
        (),
        "COPY <<E /usr/lib/libz.so.1\nx\nE\n"
        "COPY <<E /var/lib/dpkg/status.d/zlib1g.md5sums\n0af  usr/lib/libz.so.1\nE",
        None,
    ),
    Case("its own file", ("DG117",), "COPY --from=build --chown=65532 /src/go.mod /app/x", None),
    Case("never healthy", ("DG201",), 'CMD ["unhealthy"]'),
    Case("no root page", ("DG202",), 'CMD ["no-root-page"]'),
    Case(
        "keeps its privileges",
        ("DG101", "DG203", "DG204", "DG205"),
        "USER 0:0",
        replace(AS_COMPOSE, restricted=False),
    ),
    Case("can gain privileges", ("DG205",), options=replace(AS_COMPOSE, restricted=False)),
    Case(
        "writes to its root",
        ("DG207",),
        'CMD ["write"]',
        replace(AS_COMPOSE, read_only=False),
    ),
    Case("needs to write to its root", ("DG201", "DG202"), 'CMD ["write"]'),
    Case("ignores SIGTERM", ("DG208",), 'CMD ["ignore-sigterm"]'),
    Case("fails when it stops", ("DG208",), 'CMD ["fail-on-stop"]'),
    Case("listens on loopback", ("DG202",), 'CMD ["loopback"]'),
    Case("listens on a port besides", ("DG210",), 'CMD ["second-port"]'),
    Case("listens on IPv4 only", ("DG211",), 'CMD ["ipv4-only"]'),
    Case("waits for connections", ("DG212",), 'CMD ["waits-for-connections"]'),
)


@contextmanager
def built(directory: Path, lines: str) -> Iterator[tuple[str, Project, Image]]:
    """Build the sound project with these lines added: its image's tag, itself, its image."""
    context = directory / "context"
    shutil.copytree(SOUND, context)
    with (context / "Dockerfile").open("a") as file:
        file.write(lines + "\n")
    with engine.temporary_image(context) as tag:
        saved = directory / "image.tar"
        engine.save(tag, saved)
        found = dockerfile.find(context)
        base = engine.base_layers(found.base if found else None)
        yield tag, projects.load(context), saved_image.read(saved, base)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_exactly_its_rules_report(case: Case, tmp_path: Path) -> None:
    """Every rule is asked; those of the case report, and no other."""
    with built(tmp_path, case.lines) as (tag, project, image):
        found = check_image(image, project.contract)
        if case.options:
            with engine.run(tag, case.options) as container:
                found += check_running(observe(container, project.contract), project.contract)
    assert sorted({finding.rule for finding in found}) == sorted(case.rules), found


def test_a_limit_is_held_to_the_byte(tmp_path: Path) -> None:
    """The image's own size as a limit holds; one byte less doesn't."""
    with built(tmp_path, "") as (_, project, image):
        exact = replace(project.limits, size_bytes=image.unpacked_bytes)
        tight = replace(project.limits, size_bytes=image.unpacked_bytes - 1)
        assert check_image(image, replace(project.contract, limits=exact)) == []
        (finding,) = check_image(image, replace(project.contract, limits=tight))
    assert finding.rule == "DG105"


@pytest.mark.parametrize(
    ("rules", "change"),
    [
        ((), ("COPY go.mod", "COPY go.mod")),
        (("DG002",), ("golang:1.27", "golang:latest")),
        (("DG003",), ("golang:1.27", "golang:1.20")),
        (("DG004",), ("COPY go.mod main.go ./", "COPY . .")),
        (("DG005",), ("WORKDIR /src", "WORKDIR /src\nENV API_TOKEN=hunter2!")),
        (("DG006",), ("WORKDIR /src", "WORKDIR /src\nARG API_TOKEN")),
    ],
)
def test_exactly_its_rule_reports_files(
    rules: tuple[str, ...], change: tuple[str, str], tmp_path: Path
) -> None:
    """Each rule for files, on the sound project with one change of its Dockerfile."""
    folder = tmp_path / "context"
    shutil.copytree(SOUND, folder)
    text = (folder / "Dockerfile").read_text()
    (folder / "Dockerfile").write_text(text.replace(*change))
    files = Files(dockerfile.find(folder), context.read(folder))
    found = check_files(files, projects.load(folder).contract)
    assert tuple(finding.rule for finding in found) == rules, found


def test_a_go_that_is_too_old_explains_the_build(tmp_path: Path) -> None:
    """In place of the builder's words, which name a step."""
    folder = tmp_path / "context"
    shutil.copytree(SOUND, folder)
    (folder / "go.mod").write_text("module sound\n\ngo 1.99\n")
    with pytest.raises(BuildError) as failed:
        check.check(target.find(folder, Asked()), print)
    assert "golang:1.27, but go.mod needs go 1.99 (DG003)" in failed.value.message
    assert failed.value.hint == "change line 1: FROM golang:1.99"
    assert "go.mod requires go >= 1.99" in failed.value.log
