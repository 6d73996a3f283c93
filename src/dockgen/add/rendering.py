"""Render container files for a folder with existing files, and place them there."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dockgen import bundle, project, source, starters, template, update
from dockgen.add import placing
from dockgen.add.placing import Choices, Rendered
from dockgen.bundle import Manifest
from dockgen.errors import ProjectError, UsageError
from dockgen.git import tree
from dockgen.git.tree import File
from dockgen.project import ANSWERS, OWN_ANSWERS, Recorded
from dockgen.source import Source
from dockgen.threeway import Mode, Outcome

# File names if the build context is a parent folder: the builder looks for this one beside the
# Dockerfile, but for .dockerignore only in the context.
# https://docs.docker.com/build/concepts/context/#filename-and-location
IN_MONOREPO = {".dockerignore": "Dockerfile.dockerignore"}


def add(
    directory: Path,
    origin: Source,
    answers: Mapping[str, Any],
    choices: Choices,
    mode: Mode,
    names: Mapping[str, str] | None = None,
) -> Outcome:
    """Render the newest release of a template for ``directory``, and place its files there.

    If that was done before, only what has changed since is proposed: recorded answers are kept,
    except for those that are given now.

    Args:
        directory: the folder.
        origin: the template.
        answers: given answers; questions without one take their default.
        choices: what to do with existing files.
        mode: to UPDATE or DRY_RUN.
        names: other names for files, such as `IN_MONOREPO`.

    Raises:
        UsageError: an answer or a decision isn't allowed.
        ProjectError: something is in the way, or can't be written.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as made,
        template.found(origin),
    ):
        renderer = _Renderer(origin, Path(made), directory.name)
        return placing.place(
            directory,
            lambda: _rendered(directory, renderer, answers, names or {}),
            choices,
            mode,
        )


def _rendered(
    directory: Path, renderer: "_Renderer", answers: Mapping[str, Any], names: Mapping[str, str]
) -> Rendered:
    """Return what to place, using what the folder records about the last run."""
    origin = renderer.origin
    name = answers_file(directory)
    recorded = _recorded(directory, name, origin)
    version = origin.manifest.latest.version
    before, base, told = "", {}, dict(answers)
    if recorded is not None:
        before, version = update.versions(directory, origin.manifest, None)
        asked = source.asked(origin, before, recorded.answers)
        base = renderer.render(name, before, asked, exists=False)
        told = {**source.asked(origin, version, recorded.answers), **told}

    def render(unmanaged: Sequence[str]) -> dict[str, File]:
        answered = {**told, "unmanaged": list(unmanaged)}
        if "Dockerfile" in unmanaged:  # the existing Dockerfile installs what the program needs
            answered.pop("runtime_packages", None)
        return renderer.render(name, version, answered, exists=recorded is not None)

    return Rendered(
        render=render,
        version=version,
        answers_file=name,
        unmanaged=_unmanaged(told),
        base={names.get(path, path): file for path, file in base.items()},
        before=before,
        names=names,
    )


def answers_file(directory: Path) -> str:
    """Return the name of a folder's answers file: dockgen's own beside another template's."""
    if os.path.lexists(directory / OWN_ANSWERS) or not os.path.lexists(directory / ANSWERS):
        return project.answers_file(directory)
    try:
        url = project.recorded(directory).url
    except ProjectError:
        return OWN_ANSWERS
    own = Manifest.read(bundle.DATA / bundle.MANIFEST)
    return ANSWERS if own.is_at(url) or starters.find_by_url(url) else OWN_ANSWERS


def require_added(directory: Path) -> None:
    """Check that a folder's container files, if it has any of dockgen's, are from `dockgen add`.

    For a project of `dockgen new`, the files of its app would count as removed from the template.

    Raises:
        ProjectError: they are from `dockgen new` or a starter.
    """
    if not os.path.lexists(directory / answers_file(directory)):
        return
    if not project.recorded(directory).answers.get("existing"):
        raise ProjectError(
            f"{directory} is a dockgen project already, so it has its container files",
            "get the newest ones: dockgen update",
        )


def _recorded(directory: Path, name: str, origin: Source) -> Recorded | None:
    """Return what the last run recorded, or None.

    Raises:
        ProjectError: its format is unknown, or it is from another template.
    """
    if not os.path.lexists(directory / name):
        return None
    recorded = project.recorded(directory)
    starter = starters.find_by_url(recorded.url)
    if not origin.manifest.is_at(recorded.url) and (not starter or starter.name != origin.name):
        raise ProjectError(
            f"{directory} has container files from another template: {recorded.url:.80}",
            "update them: dockgen update",
        )
    return recorded


def _unmanaged(answers: Mapping[str, Any]) -> Sequence[str]:
    paths = answers.get("unmanaged") or []
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise UsageError("unmanaged: a list of paths, such as [Dockerfile]", "dockgen add --help")
    return paths


class _Renderer:
    """Renders into a series of folders, each with the project's name."""

    def __init__(self, origin: Source, folder: Path, name: str) -> None:
        self.origin = origin
        self._folder = folder
        self._name = name
        self._count = 0

    def render(
        self, answers_file: str, version: str, answers: Mapping[str, Any], *, exists: bool
    ) -> dict[str, File]:
        self._count += 1
        target = self._folder / str(self._count) / self._name
        template.render_version(
            self.origin, version, target, answers, exists=exists, answers_file=answers_file
        )
        return tree.lying_in(target)


def undo(directory: Path) -> Outcome:
    """Undo the last `add` in a folder.

    Raises:
        ProjectError: there is none, or a file has changed since.
    """
    return placing.undo(directory)
