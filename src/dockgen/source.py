"""Sources: what projects are made from, dockgen's own templates or a team's starter template.

A source has the template's whole history on this machine, so rendering and updating need no
network.
"""

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from packaging.version import Version

from dockgen import address, bundle, git, project, questions, signals, starters, web
from dockgen.bundle import Manifest, Release
from dockgen.errors import ProjectError
from dockgen.git import tree
from dockgen.inside import Folder, Inside, Saved
from dockgen.starters import Starter

# A starter's address while its working copy is tested: reserved (RFC 2606).
WORKING_COPY_URL = "https://dockgen.invalid/starter.git"


@dataclass(frozen=True)
class Source:
    """A template and its releases.

    ``name`` is the starter's, or "" for dockgen's own templates. ``repository`` is a git repository
    or a bundle that contains every release in ``manifest``, and ``questionnaire`` the newest one's
    copier.yml. ``trusted`` says that it may run code of its own, such as tasks.
    """

    name: str
    repository: Path
    manifest: Manifest
    questionnaire: Path
    trusted: bool = False


@contextmanager
def own() -> Iterator[Source]:
    """Yield dockgen's own templates, from the bundle."""
    with bundle.provide() as (path, manifest):
        yield Source("", path, manifest, bundle.questionnaire())


@contextmanager
def starter(registered: Starter, *, trusted: bool = False) -> Iterator[Source]:
    """Yield a registered starter template, from its clone on this machine.

    Raises:
        ProjectError: there is no clone, or no release in it.
    """
    manifest = Manifest(registered.url, (), releases(registered))
    with _extracted(registered.clone, manifest.latest.tree) as folder:
        questionnaire = folder / bundle.QUESTIONNAIRE
        yield Source(registered.name, registered.clone, manifest, questionnaire, trusted)


@contextmanager
def working_copy(directory: Path, *, trusted: bool = False) -> Iterator[Source]:
    """Yield the starter template in ``directory``, including uncommitted changes.

    Its only release has a version that is made from its content.

    Raises:
        ProjectError: there is no starter template.
    """
    if not (directory / bundle.QUESTIONNAIRE).is_file():
        raise ProjectError(
            f"{directory} isn't a starter template: it has no {bundle.QUESTIONNAIRE}",
            "create one: dockgen starter init",
        )
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as folder:
        repository = Path(folder) / "starter.git"
        git.run("init", "--quiet", "--bare", repository.name, cwd=Path(folder))
        stored = tree.store(repository, directory, ignored=False)
        version = f"v0.0.0.post1.dev0+g{stored[:12]}"
        manifest = Manifest(WORKING_COPY_URL, (), ())
        manifest = bundle.commit(repository, manifest, stored, version, seconds=1_000_000_000)
        bundle.point_head(repository, manifest.latest.commit)
        yield Source(
            directory.name, repository, manifest, directory / bundle.QUESTIONNAIRE, trusted
        )


def registered(directory: Path, own: Manifest, url: str) -> Starter | None:
    """Return the registered starter of an address; None for dockgen's own templates.

    An address in a project isn't followed unless it is registered.
    """
    if own.is_at(url):
        return None
    registered = starters.find_by_url(url)
    if registered is None:
        raise ProjectError(
            f"{directory} was created from a template that isn't registered here: {url:.80}",
            f"if you trust it: dockgen starter add NAME {shlex.quote(url)}",
        )
    return registered


@contextmanager
def of_project(directory: Path, *, trusted: bool = False) -> Iterator[Source]:
    """Yield the template that a project was made from, with the releases on this machine.

    Raises:
        ProjectError: it isn't registered here, or has no release here.
    """
    recorded = project.recorded(directory)
    with own() as ours:
        found = registered(directory, ours.manifest, recorded.url)
        if found is None:
            yield ours
            return
        with starter(found, trusted=trusted) as origin:
            # The project keeps the address it knows: ssh for one person, https for another.
            url = address.without_credentials(recorded.url)
            yield replace(origin, manifest=replace(origin.manifest, url=url))


def asked(origin: Source, version: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers to questions, without computed values: copier computes those itself.

    Raises:
        ProjectError: that release's questionnaire is invalid.
    """
    left_out = computed(origin, version)
    return {name: value for name, value in answers.items() if name not in left_out}


def computed(origin: Source, version: str) -> frozenset[str]:
    """Return the names of the values that a release computes instead of asking.

    Raises:
        ProjectError: that release's questionnaire is invalid.
    """
    release = next(found for found in origin.manifest.releases if found.version == version)
    return _computed(origin.repository, origin.manifest, release.tree)


@cache
def _computed(repository: Path, manifest: Manifest, tree_id: str) -> frozenset[str]:
    with signals.temporary_folder("dockgen-") as folder:
        # dockgen's own templates are in a bundle, whose objects can't be read in place.
        objects = repository if repository.is_dir() else bundle.unpack(repository, manifest, folder)
        with _extracted(objects, tree_id) as extracted:
            entries = questions.read(extracted / bundle.QUESTIONNAIRE)
    return frozenset(name for name, entry in entries.items() if questions.is_hidden(entry))


def refresh(registered: Starter) -> str:
    """Fetch a starter's releases; return "", or why older ones are used and how old they are.

    Raises:
        ProjectError: they can't be fetched and there are none on this machine.
    """
    try:
        starters.fetch(registered)
    except ProjectError as error:
        fetched = registered.fetched
        if fetched is None:
            raise
        return f"{error.message}; {registered.name} is as it was {web.age(fetched)}"
    return ""


def releases(registered: Starter) -> tuple[Release, ...]:
    """Return the releases in a starter's clone, oldest first; pre-releases as a last resort.

    copier reads versions as Python does (PEP 440), and takes the highest.

    Raises:
        ProjectError: there is no clone, or no release in it.
    """
    if not registered.clone.is_dir():
        raise ProjectError(
            f"{registered.name}'s releases aren't on this machine",
            f"fetch them: dockgen starter add {registered.name} {registered.url}",
        )
    listed = git.run(
        "for-each-ref",
        "--format=%(refname:strip=2) %(objecttype):%(objectname):%(tree) "
        "%(*objecttype):%(*objectname):%(*tree)",
        "refs/tags",
        repository=registered.clone,
    )
    found: list[tuple[Version, Release]] = []
    for line in listed.splitlines():
        # For an annotated tag, the second object is its commit; a tag may point to other objects,
        # too.
        tag, *objects = line.split()
        commits = [thing.split(":")[1:] for thing in objects if thing.startswith("commit:")]
        try:
            found += [(Version(tag), Release(tag, *commit)) for commit in commits]
        except ValueError:  # InvalidVersion, and numbers with too many digits
            continue
    final = [pair for pair in found if not pair[0].is_prerelease] or found
    if not final:
        raise ProjectError(
            f"{registered.name} has no releases: no tag of {registered.url} is a version",
            "create one, for example: git tag -a v1.0.0 -m v1.0.0 && git push --tags",
        )
    return tuple(release for _, release in sorted(final, key=lambda pair: pair[0]))


@contextmanager
def _extracted(repository: Path, tree_id: str) -> Iterator[Path]:
    """Yield a folder with the YAML files of a tree: the questionnaire, and what it may include."""
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as name:
        folder = Folder(Path(name))
        for path, file in tree.read(repository, tree_id, _is_yaml).items():
            if file.mode != tree.SYMLINK:
                folder.write(Inside.of(path), Saved(file.content, 0o600))
        yield folder.path


def _is_yaml(path: str) -> bool:
    return path.endswith((".yml", ".yaml"))
