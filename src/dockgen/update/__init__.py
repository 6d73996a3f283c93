"""Plan the update of one project.

copier works in a clone of its own; the user's folder is only read until everything is known.
"""

import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pathspec import GitIgnoreSpec

from dockgen import git, lock, project, source, template, threeway
from dockgen.bundle import Manifest
from dockgen.errors import ProjectError, UsageError
from dockgen.git import tree
from dockgen.git.tree import SYMLINK
from dockgen.git.worktree import Worktree
from dockgen.project import answers_file
from dockgen.source import Source
from dockgen.threeway import Plan
from dockgen.threeway.merge import States
from dockgen.update import releases


def versions(directory: Path, manifest: Manifest, to: str | None) -> tuple[str, str]:
    """Return the template's version in the project, and the one to update to.

    Args:
        directory: the project.
        manifest: the releases of its template.
        to: a release; None for the newest.

    Raises:
        ProjectError: the project's version isn't available.
        UsageError: the release ``to`` is unknown, or it is older than the project's.
    """
    recorded = project.recorded(directory)
    after = releases.target(manifest, to)
    known = [release.version for release in manifest.releases]
    if recorded.version not in known:
        raise releases.unknown(
            f"{directory} uses the templates {recorded.version}",
            recorded.version,
            known,
            brings="this dockgen",
            mend=f"set _commit in {answers_file(directory)} to the release before it "
            "({nearest}), commit, and update",
        )
    if known.index(after) < known.index(recorded.version):
        raise UsageError(
            f"{directory} is at {recorded.version}, newer than {after}: can't go back",
            "undo an update: dockgen update --undo",
        )
    return recorded.version, after


def plan(
    place: Worktree,
    origin: Source,
    to: str | None,
    data: Mapping[str, Any],
    *,
    keep_pins: bool = True,
) -> Plan:
    """Plan an update, within `template.found`. Nothing in the user's folder is written.

    Args:
        place: the project.
        origin: its template.
        to: the release to update to; None for the newest.
        data: answers to change.
        keep_pins: whether to keep base image versions that the user changed.

    Raises:
        ProjectError: the project's state doesn't allow an update.
        UsageError: an answer is not allowed, or ``to`` isn't a release.
    """
    manifest = origin.manifest
    before, after = versions(place.directory, manifest, to)
    place.require_settled()
    place.require_clean()
    if place.object_format() != "sha1":
        raise ProjectError(
            f"{place.directory} is in a repository with {place.object_format()} object names,"
            " which copier doesn't support",
            "use a repository created with: git init --object-format=sha1",
        )
    recorded = project.recorded(place.directory)
    data = {name: value for name, value in data.items() if recorded.answers.get(name) != value}
    if not data and not releases.is_behind(manifest, before, after):
        return Plan(place.directory, before, after, (), "")
    with tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        base, new = (folder / part / place.directory.name for part in ("base", "new"))
        # A computed value isn't an answer, even if it is in the file.
        old = source.asked(origin, before, recorded.answers)
        name = answers_file(place.directory)
        template.render_version(origin, before, base, old, answers_file=name)
        try:
            kept = source.asked(origin, after, old)
            template.render_version(
                origin, after, new, {**kept, **data}, exists=True, answers_file=name
            )
        except UsageError as error:
            raise UsageError(
                f"{place.directory}: {error.message}",
                "change the answer: dockgen update --data QUESTION=ANSWER DIRECTORY",
            ) from error
        clone = place.scratch(folder / "ours" / place.directory.name)
        repository = clone / ".git"
        base_id, new_id = tree.store(repository, base), tree.store(repository, new)
        rendered, theirs = tree.read(repository, base_id), tree.read(repository, new_id)
        own_renames = tree.renames(repository, base_id, place.tree)
        ours_id = _check_out(clone, place, {*rendered, *theirs, *own_renames.values()})
        ours = tree.read(repository, ours_id)
        if name not in ours or ours[name].mode == SYMLINK:
            raise ProjectError(
                f"{place.directory / name} isn't committed as a file: an update merges into the"
                " last commit",
                f"git add --force {name} && git commit",
            )
        _require_room(place, theirs)
        _require_merged(place.directory, ours, theirs)
        asked = source.asked(origin, after, project.recorded(new).answers)
        _complete_answers(clone, manifest.url, old, asked)
        template.update(origin, after, clone, data)
        # Ignored files are never committed, so their absence doesn't mean that they were deleted.
        unknown = place.ignored(rendered.keys() - ours.keys())
        states = States(
            base={path: file for path, file in rendered.items() if path not in unknown},
            ours=ours,
            new=theirs,
            merged=tree.read(repository, tree.store(repository, clone)),
            conflicts=_conflicts(clone),
            template_renames=tree.renames(repository, base_id, new_id),
            own_renames=own_renames,
        )
        planned = threeway.compare(
            place,
            repository,
            ours_id,
            states,
            (before, after),
            made=rendered,
            answers_file=name,
            unmanaged=_unmanaged(project.recorded(new).answers, base_paths=rendered),
            keep_pins=keep_pins,
        )
        answers = project.recorded(new).answers
        if (
            lock.is_missing(place.directory, answers)
            or lock.is_outdated(recorded.answers, answers, data)
            or any(map(lock.is_lock_file, planned.conflicts))
        ):
            return replace(planned, lock_command=lock.command(answers, planned.conflicts))
        return planned


def _check_out(clone: Path, place: Worktree, paths: Collection[str]) -> str:
    """Commit these files of the project in the clone, byte for byte; return their tree.

    The template doesn't use the others, which may be many, large or oddly named.
    """
    listed = git.run_bytes("ls-tree", "-r", "-z", "--full-tree", place.tree, cwd=clone)
    entries = [
        line
        for line in listed.split(b"\0")
        if os.fsdecode(line.partition(b"\t")[2]) in paths and not line.startswith(b"160000 ")
    ]
    git.run_bytes(
        "update-index", "-z", "--index-info",
        cwd=clone, stdin=b"".join(entry + b"\0" for entry in entries),
    )  # fmt: skip
    git.run("checkout-index", "--all", "--quiet", cwd=clone)
    _commit(clone)
    return git.run("rev-parse", "HEAD^{tree}", cwd=clone)


def _commit(clone: Path) -> None:
    git.run("commit", "--quiet", "--allow-empty", "--no-verify", "-m", "project", cwd=clone)


def _complete_answers(
    clone: Path, url: str, old_answers: Mapping[str, Any], new_answers: Mapping[str, Any]
) -> None:
    """Set the template's current address and the answers to newer questions in the clone.

    copier renders the old version by the new one's exclusions, which may name questions that the
    old answers lack.
    """
    recorded = project.recorded(clone)
    answers = {"_commit": recorded.version, "_src_path": url, **new_answers, **old_answers}
    name = answers_file(clone)
    (clone / name).write_text(yaml.safe_dump(answers, allow_unicode=True), encoding="utf-8")
    git.run("add", "--", name, cwd=clone)
    _commit(clone)


def _unmanaged(answers: Mapping[str, Any], base_paths: Collection[str]) -> list[str]:
    """Return the template's files that the project excludes, by the rules of .gitignore."""
    rules = GitIgnoreSpec.from_lines(f"/{path}" for path in answers.get("unmanaged") or ())
    return list(rules.match_files(base_paths))


def _require_room(place: Worktree, new: tree.Tree) -> None:
    """Check that no file is in place of a folder of the template, nor the other way round."""
    submodules = place.submodules()
    for path in new:
        if folder := threeway.obstacle(place.directory, path, submodules):
            parent = folder.relative_to(place.directory)
            raise ProjectError(
                f"{folder} is in the way: the template has a folder with that name",
                f"move it away, or: dockgen update --data 'unmanaged=[{parent}]' DIRECTORY",
            )
        if (place.directory / path).is_dir() and not (place.directory / path).is_symlink():
            raise ProjectError(
                f"{place.directory / path} is in the way: the template has a file with that name",
                f"move it away, or: dockgen update --data 'unmanaged=[{path}]' DIRECTORY",
            )


def _require_merged(directory: Path, ours: tree.Tree, new: tree.Tree) -> None:
    """Check that no unresolved conflict was committed."""
    for path in threeway.unfinished(ours, new):
        raise ProjectError(
            f"{directory / path} has conflict markers from an unfinished merge",
            "resolve each conflict, remove the markers, and commit; if they aren't conflicts:"
            f" dockgen update --data 'unmanaged=[{path}]' DIRECTORY",
        )


def _conflicts(clone: Path) -> set[str]:
    listed = git.run_bytes("ls-files", "--unmerged", "-z", cwd=clone)
    return {os.fsdecode(line.partition(b"\t")[2]) for line in listed.split(b"\0") if line}
