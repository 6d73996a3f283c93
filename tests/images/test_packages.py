"""Packages of the distribution in the image run in the hardened container.

Debian's are installed for real. No Alpine repository can be counted on where the tests run, so
what is rendered for Alpine is checked by the builder, and not built.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgen import checks, engine, template
from dockgen import project as projects
from dockgen.containerfiles import dockerfile
from dockgen.engine import Container, RunOptions
from dockgen.image import Image, Kind, Layer, layer
from dockgen.image import saved as saved_image
from dockgen.matrix import Flavor, Language
from dockgen.project import Project
from dockgen.targets.observe import observe
from tests.images import steps

# A program that is all of its package, and one with a library and a file of its own. The third
# brings a group, and programs with the set-user-ID and the set-group-ID bit.
PACKAGES = ["tini", "file", "openssh-client"]

# How long a container may take to turn healthy, in seconds.
PATIENCE = 60

# Files that an install writes and that aren't needed afterwards.
LEFTOVERS = re.compile(
    r"/var/lib/apt/lists/.|/var/cache/(apt/.*\.(deb|bin)$|ldconfig/.|debconf/.*-old$)"
    r"|/var/log/.|/var/lib/dpkg/.*-old$|/etc/(passwd|group|shadow|gshadow)-$|/tmp/.|/root/."
)

# All languages have the step from one file.
LANGUAGES = [
    pytest.param(
        language,
        id=str(language),
        marks=[
            pytest.mark.xdist_group(f"packages-{language}"),
            *([] if language is Language.PYTHON else [pytest.mark.release]),
        ],
    )
    for language in Language
]


def render(directory: Path, language: Language, flavor: Flavor, packages: list[str]) -> Project:
    """Make a project that installs packages."""
    answers = {"name": "my-app", "language": str(language), "flavor": str(flavor)}
    answers |= {"runtime_packages": ", ".join(packages)} if packages else {}
    return projects.load(template.render(directory / "my-app", answers, ask=()).directory)


@pytest.fixture(scope="session", params=LANGUAGES)
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of the language on slim."""
    directory = tmp_path_factory.mktemp(f"packages-{request.param}")
    return render(directory, request.param, Flavor.SLIM, PACKAGES)


@pytest.fixture(scope="session")
def packed_tag(packed: Project) -> Iterator[str]:
    """Its image."""
    with engine.temporary_image(packed.directory) as tag:
        yield tag


@pytest.fixture(scope="session")
def packed_image(packed_tag: str, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Its image as data."""
    return read(packed_tag, tmp_path_factory.mktemp("saved"))


@pytest.fixture(scope="session")
def plain_image(packed: Project, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image of the same project without packages."""
    folder = tmp_path_factory.mktemp(f"plain-{packed.cell}")
    plain = render(folder, packed.cell.language, Flavor.SLIM, [])
    with engine.temporary_image(plain.directory) as tag:
        return read(tag, folder)


@pytest.fixture(scope="session")
def packed_container(packed_tag: str, packed: Project) -> Iterator[Container]:
    """A container of it, as compose.yaml would start it."""
    with engine.run(packed_tag, RunOptions(port=packed.port)) as container:
        health = container.wait_healthy(PATIENCE)
        assert health.status == "healthy", container.logs()
        yield container


def read(tag: str, folder: Path) -> Image:
    """An image as data."""
    saved = folder / "image.tar"
    engine.save(tag, saved)
    try:
        return saved_image.read(saved)
    finally:
        saved.unlink()


def package_layer(image: Image) -> Layer:
    """Return the layer of the installation."""
    (layer,) = [
        layer for layer in image.layers[1:]
        if any(file.path == "/var/lib/dpkg/status" for file in layer.files)
    ]  # fmt: skip
    return layer


def leftovers(layer: Layer) -> list[str]:
    """Return the layer's files that no container needs."""
    gone = (Kind.WHITEOUT, Kind.OPAQUE, Kind.DIRECTORY)
    return [
        file.path for file in layer.files if file.kind not in gone and LEFTOVERS.match(file.path)
    ]


def test_a_program_runs(packed_container: Container) -> None:
    """As the service's own user, on a root that is read-only, without capabilities."""
    assert packed_container.inspect().read_only
    status = packed_container.execute("grep", "-E", "^(Uid|CapEff|NoNewPrivs):", "/proc/1/status")
    words = [line.split() for line in status.splitlines()]
    assert ["Uid:", "65532", "65532", "65532", "65532"] in words
    assert ["CapEff:", "0000000000000000"] in words
    assert ["NoNewPrivs:", "1"] in words
    assert packed_container.execute("tini", "--version").startswith("tini version ")


@pytest.mark.release
def test_ffmpeg_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As documented: two hundred packages in one layer, and no leftovers."""
    # What gzip makes of half a gigabyte is of no interest here, and takes it half a minute.
    monkeypatch.setattr(layer, "GZIP_LEVEL", 0)
    project = render(tmp_path, Language.PYTHON, Flavor.SLIM, ["ffmpeg"])
    with engine.temporary_image(project.directory) as tag:
        assert leftovers(package_layer(read(tag, tmp_path))) == []
        with engine.run(tag, RunOptions(port=project.port)) as container:
            assert container.wait_healthy(PATIENCE).status == "healthy", container.logs()
            source = ("-f", "lavfi", "-i", "testsrc=duration=1:size=64x64")
            printed = container.execute("ffmpeg", "-v", "error", *source, "-f", "md5", "-")
            assert printed.startswith("MD5=")


def test_a_program_finds_what_belongs_to_it(packed_container: Container) -> None:
    """It loads libmagic, and that its list of kinds; a group is there beside the service's own."""
    assert packed_container.execute("file", "--brief", "/usr/bin/tini").startswith("ELF 64-bit")
    assert packed_container.execute("getent", "group", "_ssh").startswith("_ssh:x:")
    assert packed_container.execute("id", "-gn") == "nonroot\n"


def test_a_program_without_its_bit_still_runs(packed_container: Container) -> None:
    """ssh-agent has the set-group-ID bit in its package, and not in the image."""
    assert "ssh-agent" in packed_container.execute("ls", "/usr/bin/ssh-agent")
    assert "SSH_AGENT_PID" in packed_container.execute("ssh-agent", "-s")


def test_it_is_one_layer_with_nothing_left_behind(packed_image: Image, plain_image: Image) -> None:
    """Right above the base, and no layer of the project has a list, an archive, a log, a backup."""
    assert len(packed_image.layers) == len(plain_image.layers) + 1
    assert packed_image.layers[0].digest == plain_image.layers[0].digest
    assert packed_image.layers[1] == package_layer(packed_image)
    assert [path for layer in packed_image.layers[1:] for path in leftovers(layer)] == []


def test_no_file_of_the_base_is_stored_again(packed_image: Image) -> None:
    """A changed mode would store the whole file: Debian's su is not in the packages' layer."""
    base = {file.path for file in packed_image.layers[0].files if file.is_setuid}
    assert "/usr/bin/su" in base
    assert [file.path for file in package_layer(packed_image).files if file.path in base] == []


def test_no_program_makes_a_user_root(packed_image: Image) -> None:
    """Not even within the layer that brings it."""
    files = {file.path: file for file in package_layer(packed_image).files}
    assert files["/usr/lib/openssh/ssh-keysign"].mode == 0o755
    assert [file.path for layer in packed_image.layers[1:] for file in layer.files
            if file.is_setuid] == []  # fmt: skip
    assert [path for path, file in packed_image.tree.items() if file.is_setuid] == []


def test_every_rule_for_files_and_image_holds(packed_image: Image, packed: Project) -> None:
    """The check has nothing to say, not of the size either."""
    assert (
        checks.check_files(checks.Files(dockerfile.find(packed.directory)), packed.contract) == []
    )
    assert checks.check_image(packed_image, packed.contract) == []


def test_every_rule_for_the_container_holds(packed_tag: str, packed: Project) -> None:
    """It turns healthy, changes nothing, and stops in time."""
    with engine.run(packed_tag, RunOptions(port=packed.port)) as container:
        container.wait_healthy(PATIENCE)
        assert checks.check_running(observe(container, packed.contract), packed.contract) == []


def test_an_edit_of_the_source_installs_nothing(
    packed: Project, packed_tag: str, tmp_path: Path
) -> None:
    """The packages come before all that changes more often."""
    del packed_tag  # built before
    copy = render(tmp_path, packed.cell.language, Flavor.SLIM, PACKAGES)
    steps.edit_source(copy.directory, steps.LINE[packed.cell.language], "Changed")
    made = steps.build(copy.directory)
    assert [step for step in made.run if "openssh-client" in step] == []
    assert [step for step in made.cached if "openssh-client" in step] != []


# What an image without the last command of the step would hold.
CARELESS = """\
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends openssh-client
"""


def test_leftovers_would_be_found(tmp_path: Path) -> None:
    """The same look at a careless step finds lists, logs and set-user-ID bits."""
    (tmp_path / "Dockerfile").write_text(CARELESS)
    with engine.temporary_image(tmp_path) as tag:
        layer = package_layer(read(tag, tmp_path))
    found = leftovers(layer)
    assert {"/var/log/dpkg.log", "/var/lib/dpkg/status-old"} <= set(found)
    assert [path for path in found if path.startswith("/var/lib/apt/lists/")] != []
    assert "/usr/lib/openssh/ssh-keysign" in {f.path for f in layer.files if f.is_setuid}


# The step as it is rendered, with an apk that does what Alpine's does to the disk.
STAND_IN = """\
#!/bin/sh -e
test "$*" = "add --no-cache file tini"
for name in file tini; do
    install -D -m 4755 /bin/busybox "/usr/bin/$name"
done
mkdir -p /var/log
echo "$*" >/var/log/apk.log
cp /etc/passwd /etc/passwd-
"""


def test_alpine_s_step_runs(tmp_path: Path) -> None:
    """All but apk itself, with Alpine's own shell and find: nothing and no bit is left."""
    rendered = render(tmp_path, Language.GO, Flavor.ALPINE, ["tini", "file"])
    stage = (rendered.directory / "Dockerfile").read_text().split("\n\n")[0]
    own = "COPY --chmod=755 apk /usr/local/bin/apk"
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(stage.replace(" AS base\n", f" AS base\n{own}\n"))
    (context / "apk").write_text(STAND_IN)
    with engine.temporary_image(context) as tag:
        image = read(tag, tmp_path)
    assert image.tree["/usr/bin/tini"].mode == 0o755
    assert [path for path, file in image.tree.items() if file.is_setuid] == []
    assert {"/var/log/apk.log", "/etc/passwd-"} & set(image.tree) == set()
