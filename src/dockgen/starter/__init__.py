"""Create a starter's repository, and update it to a newer dockgen.

A starter has a copy of dockgen's templates in base/, a questionnaire, and for each project file a
stub that includes the file from base/. The starter's own files are rendered from templates, too:
templates/starter/ of the release. So `bump` can render both releases again, and merge the
difference into the team's starter.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dockgen import apply, git, reader, starters, threeway
from dockgen.errors import CheckFailedError, ProjectError, UsageError, unreadable
from dockgen.git import gitfolder, tree, worktree
from dockgen.git.tree import Tree
from dockgen.git.worktree import Worktree
from dockgen.matrix import Language
from dockgen.source import Source
from dockgen.starter import includes, scaffold
from dockgen.starter.scaffold import BASE, FILE, Ci, Settings
from dockgen.threeway import Mode, Outcome, Plan
from dockgen.threeway.merge import States
from dockgen.update import releases

_PARTS = {
    "README.md": "what to do next",
    "copier.yml": "the questions: dockgen's and yours",
    "starter.toml": "the version of dockgen, and your tests",
    "templates/": "one file per file of a project: edit, delete or add",
    "base/": "dockgen's own templates: don't edit them",
    ".github/workflows/ci.yml": "tests each pull request",
    ".gitlab-ci.yml": "tests each merge request",
}
# git's conflict markers.
_MARKER = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


@dataclass(frozen=True)
class Made:
    """A new starter's repository.

    ``committed`` says that it is a repository of its own with one commit, ``problem`` why it isn't,
    and ``inside`` that it is in an existing repository.
    """

    directory: Path
    settings: Settings
    files: Sequence[Path]
    committed: bool
    inside: bool
    problem: str

    @property
    def message(self) -> str:
        """The message of the first commit."""
        return f"Start from dockgen {self.settings.base}"

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the starter, and what each is for."""
        names = [path.as_posix() for path in self.files]
        return {
            part: words
            for part, words in _PARTS.items()
            if any(name == part or (part.endswith("/") and name.startswith(part)) for name in names)
        }


def load(directory: Path) -> Settings:
    """Read the starter.toml in ``directory``.

    Raises:
        ProjectError: there is none, or its format is unknown.
    """
    path = directory / FILE
    restore = f"restore the last good version: git checkout -- {FILE}"
    try:
        text = reader.text(path, inside=directory, hint=restore)
        if _MARKER.search(text):
            raise ProjectError(
                f"{path} has conflict markers from an unfinished merge",
                "resolve each conflict, and remove the markers; or: dockgen starter bump --undo",
            )
        read = reader.parse_toml(text, path, hint=restore)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProjectError(
            f"{directory} isn't a starter template: it has no {FILE}",
            "create one: dockgen starter init",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    if not isinstance(read.get("starter"), dict):
        raise ProjectError(
            f"{path} has no [starter] table", 'add it, with a name and a base = "v…"'
        )
    from dockgen import declared
    from dockgen.starter.starterfile import StarterFile

    found = declared.read(StarterFile, read, text, str(path)).starter
    return Settings(found.name, found.base, found.languages, Ci(found.ci))


def name_for(directory: Path) -> str:
    """Derive a starter's name from its folder: lower case, dashes, a letter first.

    Raises:
        UsageError: nothing is left of the folder's name.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", directory.name.lower())
    slug = re.sub(r"^[^a-z]+", "", slug)[:63].rstrip("-")
    if not slug:
        raise UsageError(f"{directory} can't be used as the starter's name", "add --name NAME")
    return slug


def init(origin: Source, target: Path, name: str, languages: Iterable[Language], ci: Ci) -> Made:
    """Create the repository of a new starter in ``target``, all or nothing.

    Raises:
        UsageError: the name isn't allowed.
        ProjectError: something is in the way, or the disk can't be written.
    """
    starters.require_name(name)
    chosen = set(languages)
    settings = Settings(
        name=name,
        base=origin.manifest.latest.version,
        languages=tuple(language for language in Language if language in chosen),
        ci=ci,
    )
    files = scaffold.files(origin, settings)
    apply.check_target(target)
    with apply.staging(target) as folder:
        staged = folder / target.name
        try:
            scaffold.write(files, staged)
        except OSError as error:
            raise apply.cannot_write(target, error) from error
        inside, problem = _is_inside(staged), ""
        made = Made(target, settings, apply.files(staged), not inside, inside, problem)
        if not inside:
            problem = _start(staged, made.message)
            made = Made(target, settings, made.files, not problem, inside, problem)
        apply.place(staged, target)
    return made


def bump(directory: Path, origin: Source, to: str | None, mode: Mode) -> Outcome:
    """Update the starter in ``directory`` to another release of dockgen, or undo that.

    Args:
        directory: the starter.
        origin: dockgen's own templates.
        to: a release; None for the newest.
        mode: to UPDATE, DRY_RUN or UNDO.

    Raises:
        UsageError: the release ``to`` is unknown, or it is older than the starter's.
        ProjectError: the starter's state doesn't allow it, or a file can't be written.
    """
    if mode is not Mode.UNDO or not (directory / FILE).is_file():
        load(directory)  # first check that it is a starter; one with conflicts can be undone
    if mode is Mode.UNDO:
        return threeway.undo(directory)
    return threeway.carry_out(
        worktree.find(directory), mode, lambda place: plan(place, origin, to), threeway.entry
    )


def problem(outcome: Outcome, mode: Mode) -> CheckFailedError | None:
    """Return the error that a bump ends with if it left conflicts."""
    conflicts = outcome.plan.conflicts if outcome.plan else []
    if not conflicts:
        return None
    words = f"in conflict: {', '.join(conflicts)}"
    if mode is Mode.DRY_RUN:
        return CheckFailedError(words, "bump anyway, and resolve each: dockgen starter bump")
    hint = "resolve each, then: git add FILE; or undo: dockgen starter bump --undo"
    return CheckFailedError(words, hint)


def plan(place: Worktree, origin: Source, to: str | None) -> Plan:
    """Plan a bump. Nothing in the starter is written.

    It is a three-way merge. The states are the starter's settings rendered by its release, the
    team's starter, and the settings rendered by the other release.

    Raises:
        UsageError: the release ``to`` is unknown, or it is older than the starter's.
        ProjectError: the starter's state doesn't allow it.
    """
    place.require_settled()
    place.require_clean()
    settings = load(place.directory)
    before, after = settings.base, releases.target(origin.manifest, to)
    known = [release.version for release in origin.manifest.releases]
    if before not in known:
        raise scaffold.unknown(settings, known)
    if known.index(after) < known.index(before):
        raise UsageError(
            f"{settings.name} is at {before}, newer than {after}: can't go back",
            "undo a bump: dockgen starter bump --undo",
        )
    if before == after:
        return Plan(place.directory, before, after, (), "")
    if place.object_format() != "sha1":
        raise ProjectError(
            f"{place.directory} is in a repository with {place.object_format()} object names, "
            "which dockgen's releases don't have",
            "use a repository created with: git init --object-format=sha1",
        )
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as name:
        repository = place.scratch(Path(name) / "merge") / ".git"
        scaffold.fetch(origin, repository)
        ours = tree.read(repository, place.tree)
        if FILE not in ours:
            raise ProjectError(
                f"{place.directory / FILE} isn't committed: a bump merges into the last commit",
                f"git add {FILE} && git commit",
            )
        gone = _gone(settings, ours)
        base, new = (
            {
                path: file
                for path, file in scaffold.of_release(repository, origin, settings, version).items()
                if not path.startswith(gone)
            }
            for version in (before, after)
        )
        # Files that dockgen removed stay while a file of the team includes them. Project files
        # don't: if they were renamed, their stubs move with them.
        gone_files = {
            path: file
            for path, file in base.items()
            if path.startswith(BASE) and path not in new and "/project/" not in path
        }
        written = (file for path, file in ours.items() if file != base.get(path))
        new |= includes.needed(gone_files, written)
        _require_room(place, new)
        if unfinished := threeway.unfinished(ours, new):
            raise ProjectError(
                f"{place.directory / unfinished[0]} has conflict markers from an unfinished merge",
                "resolve each conflict, remove the markers, and commit",
            )
        base_id, new_id = (
            tree.store(repository, scaffold.write(files, Path(name) / part))
            for part, files in (("base", base), ("new", new))
        )
        own_renames = tree.renames(repository, base_id, place.tree)
        states = States(
            base=base,
            ours=ours,
            new=new,
            template_renames=_renames(repository, base_id, new_id, base, new),
            # A stub is one line, so only an identical one has surely moved.
            own_renames={old: own for old, own in own_renames.items() if base[old] == ours[own]},
        )
        return threeway.compare(place, repository, place.tree, states, (before, after))


def _gone(settings: Settings, ours: Tree) -> tuple[str, ...]:
    """Return the folders of languages that the team removed: nothing new is added there."""
    folders = (f"{root}templates/{name}/" for name in settings.languages for root in ("", BASE))
    return tuple(folder for folder in folders if not any(path.startswith(folder) for path in ours))


def _renames(repository: Path, base_id: str, new_id: str, base: Tree, new: Tree) -> dict[str, str]:
    """Return the renamed files of the copy, and their stubs.

    Stubs are too short for git to detect their renames.
    """
    found = {
        old: name
        for old, name in tree.renames(repository, base_id, new_id).items()
        if old.startswith(BASE)
    }
    stubs = {
        scaffold.stub_for(old.removeprefix(BASE)): scaffold.stub_for(name.removeprefix(BASE))
        for old, name in found.items()
    }
    moved = {
        old: name
        for old, name in stubs.items()
        if old != name and old in base and name in new and old not in new and name not in base
    }
    return {**found, **moved}


def _require_room(place: Worktree, new: Tree) -> None:
    """Check that no file, link or repository is in place of a folder of dockgen's."""
    submodules = place.submodules()
    for path in new:
        if folder := threeway.obstacle(place.directory, path, submodules):
            raise ProjectError(
                f"{folder} is in the way: dockgen has a folder with that name",
                "give it another name, and commit",
            )


def _is_inside(directory: Path) -> bool:
    """Return whether a folder is in a git repository."""
    return gitfolder.find(directory) is not None


def _start(directory: Path, message: str) -> str:
    """Make a folder a git repository with one commit; return "", or why that failed."""
    try:
        git.ask("init", "--quiet", "--initial-branch=main", cwd=directory)
        git.ask("add", "--force", "--all", cwd=directory)
        git.ask("commit", "--quiet", f"--message={message}", cwd=directory)
    except ProjectError as error:
        return error.message.replace(os.fspath(directory), directory.name)
    return ""
