"""The merge: what an update does to each file of a project. No disk, no index: values only.

Usually copier's merge is used. Files where it would lose something are merged again with git's own
three-way merge. The states:

- ``base``: the project as the old template renders it
- ``ours``: the project as its owner has it
- ``new``: the project as the new template renders it
- ``merged``: what copier made of the three, if it was asked
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from dockgen import git, reader
from dockgen.git.tree import SYMLINK, File, Tree
from dockgen.threeway import pins


class Status(StrEnum):
    """What happens to a file."""

    UNCHANGED = "unchanged"  # as it was: nothing new in the template
    CLEAN = "clean"  # the template's new version: not edited by the owner
    MERGED = "merged"  # with the changes of both the owner and the template
    CONFLICT = "conflict"  # both, in lines that can't be combined
    DELETED = "deleted"  # removed from the template, and not edited by the owner
    YOURS = "yours"  # as it was, although the template's version differs


@dataclass(frozen=True)
class Change:
    """What an update does to one file.

    ``before`` and ``after`` are None if there is no file. ``stages`` are git's index stages for a
    conflict: 1 the base, 2 ours, 3 the new one. ``offered`` is the template's version of a file
    that stays as its owner has it, if there is one.
    """

    path: str
    status: Status
    before: File | None
    after: File | None
    note: str = ""
    stages: Mapping[int, File] = field(default_factory=dict)
    offered: File | None = None


@dataclass(frozen=True)
class States:
    """The states of a project in an update.

    ``conflicts`` are the paths that copier left in conflict. ``template_renames`` maps files of
    ``base`` to their new names in ``new``, and ``own_renames`` to their new names in ``ours``.
    """

    base: Tree
    ours: Tree
    new: Tree
    merged: Tree = field(default_factory=dict)
    conflicts: Collection[str] = ()
    template_renames: Mapping[str, str] = field(default_factory=dict)
    own_renames: Mapping[str, str] = field(default_factory=dict)


def changes(
    states: States,
    answers_file: str,
    *,
    unmanaged: Collection[str] = (),
    keep_pins: bool = True,
) -> tuple[Change, ...]:
    """Return what the update does to each file, by path.

    Args:
        states: the states of the project.
        answers_file: copier's own file, which is never merged.
        unmanaged: files that the project excludes from updates.
        keep_pins: whether to keep base image versions that the owner changed.
    """
    owned = {
        path: Change(path, Status.UNCHANGED, states.ours.get(path), states.ours.get(path))
        for path in unmanaged
    }
    found = _follow_renames(states) | owned
    for path in sorted({*states.base, *states.ours, *states.new, *states.merged}):
        if path not in found:
            found[path] = (
                _answers(states, path)
                if path == answers_file
                else _change(states, path, keep_pins=keep_pins)
            )
    return tuple(found[path] for path in sorted(found))


def _follow_renames(states: States) -> dict[str, Change]:
    """Return the changes of files that were renamed on one side or on both."""
    found: dict[str, Change] = {}
    for old, own in states.own_renames.items():
        # The owner moved it: the template's change applies there, and the old file stays gone.
        name = states.template_renames.get(old, old)
        if (
            name not in states.new
            or (own != name and (name in states.ours or own in states.new))
            or SYMLINK in (states.ours[own].mode, states.new[name].mode)
        ):
            continue
        found[own] = three_way(own, states.base[old], states.ours[own], states.new[name])
        if found[own].status is not Status.UNCHANGED:
            found[own] = replace(found[own], note=f"was {old}")
        if own != name:
            found[name] = Change(name, Status.UNCHANGED, None, None)
    for old, name in states.template_renames.items():
        if name in found or name in states.ours or old in states.own_renames:
            continue
        ours, base, new = states.ours.get(old), states.base[old], states.new[name]
        if ours is None:
            words = f"you deleted it under its old name {old}"
            found[name] = Change(name, Status.YOURS, None, None, words, offered=new)
        elif SYMLINK in (ours.mode, new.mode):
            words = f"a link, which can't be merged; the template's file is now {name}"
            found[old] = Change(old, Status.YOURS, ours, ours, words)
        elif ours != base:
            moved = three_way(name, base, ours, new)
            status = Status.CONFLICT if moved.status is Status.CONFLICT else Status.MERGED
            found[name] = replace(moved, status=status, before=None, note=f"was {old}")
            found[old] = Change(old, Status.DELETED, ours, None, f"is now {name}")
    return found


def _change(states: States, path: str, *, keep_pins: bool) -> Change:
    base, ours, new = (state.get(path) for state in (states.base, states.ours, states.new))
    merged = states.merged.get(path)
    if ours is None:
        return _absent(path, base, new)
    if base is None and new is None:
        return Change(path, Status.UNCHANGED, ours, ours)
    if new is None:
        if ours == base:
            return Change(path, Status.DELETED, ours, None)
        words = "edited by you; no longer in the template"
        return Change(path, Status.YOURS, ours, ours, words)
    if ours == new or base == new:
        return Change(path, Status.UNCHANGED, ours, ours)
    if ours == base:
        return Change(path, Status.CLEAN, ours, new)
    if ours.mode == SYMLINK or new.mode == SYMLINK:
        words = "a link, which can't be merged"
        return Change(path, Status.YOURS, ours, ours, words, offered=new)
    if base is not None and (follow := _moved_pins(base, ours, new)):
        old_base, old_new = follow
        if keep_pins:
            kept = three_way(path, old_base, ours, old_new)
            words = "kept your versions of images and actions"
            if kept.status is Status.UNCHANGED:
                return Change(path, Status.YOURS, ours, ours, words, offered=new)
            return replace(kept, note=words)
        return three_way(path, old_base, ours, new)
    if (
        merged is None
        or _needs_care(base, ours)
        or (path not in states.conflicts and _loses(base, ours, merged))
    ):
        return three_way(path, base, ours, new)
    if path in states.conflicts:
        # For a file that both added, copier uses an empty base.
        stages = {1: base or File(b"", ours.mode), 2: ours, 3: new}
        return Change(path, Status.CONFLICT, ours, merged, stages=stages)
    status = Status.UNCHANGED if merged == ours else Status.MERGED
    return Change(path, status, ours, merged)


def _absent(path: str, base: File | None, new: File | None) -> Change:
    """Return the change of a file that its owner doesn't have: new, or deleted by them."""
    if base is None:
        return Change(path, Status.CLEAN if new else Status.UNCHANGED, None, new)
    if new is None or new == base:
        return Change(path, Status.UNCHANGED, None, None)
    return Change(path, Status.YOURS, None, None, "deleted by you", offered=new)


def _answers(states: States, path: str) -> Change:
    """Return the change of the answers file: the new one, with the owner's edits reported."""
    base, ours, merged = (state.get(path) for state in (states.base, states.ours, states.merged))
    if ours is None or merged is None or ours == merged:
        return Change(path, Status.UNCHANGED, ours, merged)
    own = _added(base, ours) - Counter(merged.content.splitlines())
    before, after = (
        reader.parse_yaml(file.content.decode(errors="replace"), path) for file in (ours, merged)
    )
    lines = []
    for line in sorted(line.decode(errors="replace").strip() for line in own):
        key = line.partition(":")[0].strip("{'\" ")
        # Only its notation differs.
        is_kept = key in after and before.get(key) == after[key]
        if line and not is_kept and not key.startswith("_"):
            lines.append(line)
    words = f"isn't from copier, not kept: {'; '.join(lines)}" if lines else ""
    return Change(path, Status.CLEAN, ours, merged, words)


def three_way(path: str, base: File | None, ours: File, new: File, **options: Any) -> Change:
    """Merge one file with git, in the line endings of ``ours``; options as of `git.merge_file`."""
    old = base.content if base else b""
    theirs = new.content
    if _is_crlf(ours.content):
        old, theirs = (content.replace(b"\n", b"\r\n") for content in (old, theirs))
    # A missing line break at the end isn't worth a conflict.
    open_end = not ours.content.endswith(b"\n") and old.endswith(b"\n")
    end = b"\r\n" if _is_crlf(ours.content) else b"\n"
    mine = ours.content + (end if open_end else b"")
    if theirs == old:
        merged, conflict = mine, False
    else:
        merged, conflict = git.merge_file(mine, old, theirs, **options)
    last = ours.content.rpartition(b"\n")[2]
    if open_end and not conflict and merged.splitlines()[-1:] == [last]:
        merged = merged[: -len(end)]
    mode = new.mode if base is None or ours.mode == base.mode else ours.mode
    after = File(merged, mode)
    if conflict:
        stages = {1: base, 2: ours, 3: new}
        kept = {number: file for number, file in stages.items() if file is not None}
        words = (
            "" if merged != ours.content else "not text: your version stays until you resolve it"
        )
        return Change(path, Status.CONFLICT, ours, after, words, stages=kept)
    return Change(path, Status.UNCHANGED if after == ours else Status.MERGED, ours, after)


def _moved_pins(base: File, ours: File, new: File) -> tuple[File, File] | None:
    """Put the owner's pins into ``base`` and ``new`` if the template changed the same ones."""
    try:
        old, mine, theirs = (
            file.content.decode().replace("\r\n", "\n") for file in (base, ours, new)
        )
    except UnicodeDecodeError:
        return None
    moved = pins.moved(old, mine)
    both = {key: pin for key, pin in moved.items() if key in pins.moved(old, theirs)}
    if not both:
        return None
    return (
        replace(base, content=pins.follow(old, both).encode()),
        replace(new, content=pins.follow(theirs, both).encode()),
    )


def _needs_care(base: File | None, ours: File) -> bool:
    """Return whether line endings differ so that copier would put the whole file in conflict."""
    if base is None:
        return False
    no_end = base.content.endswith(b"\n") and not ours.content.endswith(b"\n")
    return no_end or _is_crlf(ours.content) != _is_crlf(base.content)


def _is_crlf(content: bytes) -> bool:
    lines = content.count(b"\n")
    return lines > 0 and content.count(b"\r\n") == lines


def _loses(base: File | None, ours: File, merged: File) -> bool:
    """Return whether a line that the owner wrote is missing from the result."""
    return bool(_added(base, ours) - Counter(merged.content.splitlines()))


def _added(base: File | None, ours: File) -> Counter[bytes]:
    return Counter(ours.content.splitlines()) - Counter(base.content.splitlines() if base else [])
