"""A tree: the files of one state of a project, as git stores them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dockgen import git
from dockgen.inside import Inside

EXECUTABLE = "100755"
SYMLINK = "120000"
_SUBMODULE = "160000"


@dataclass(frozen=True)
class File:
    """A file's bytes and git's mode for it: "100644", "100755", or "120000" for a symlink."""

    content: bytes
    mode: str


Tree = Mapping[str, File]


def read(
    repository: Path, identifier: str, wanted: Callable[[str], bool] = lambda _path: True
) -> dict[str, File]:
    """Return the files of the tree ``identifier``, by path; submodules are left out.

    Args:
        repository: git's folder, or a bare repository.
        identifier: the tree.
        wanted: whether to include a path.

    Raises:
        OutsideError: a file has a name that leads out of its folder, or into ``.git``.
        subprocess.CalledProcessError: the tree isn't in ``repository``.
    """
    listed = git.run_bytes("ls-tree", "-r", "-z", "--full-tree", identifier, repository=repository)
    entries = []
    for line in filter(None, listed.split(b"\0")):
        facts, _, path = line.partition(b"\t")
        mode, _, blob = facts.decode().split()
        name = str(Inside.of(path))
        if mode != _SUBMODULE and wanted(name):
            entries.append((name, mode, blob))
    contents = _contents(repository, [blob for _, _, blob in entries])
    return {
        path: File(content, mode)
        for (path, mode, _), content in zip(entries, contents, strict=True)
    }


def store(repository: Path, directory: Path, *, ignored: bool = True) -> str:
    """Store the files of ``directory`` in ``repository``, even ignored ones; return the tree."""
    index = repository / "dockgen-store.index"
    index.unlink(missing_ok=True)
    place = {
        "GIT_DIR": str(repository),
        "GIT_WORK_TREE": str(directory),
        "GIT_INDEX_FILE": str(index),
    }
    force = ["--force"] if ignored else []
    git.run("add", *force, "--all", "--", ".", cwd=directory, environment=place)
    return git.run("write-tree", cwd=directory, environment=place)


def lying_in(directory: Path) -> dict[str, File]:
    """Return the files that dockgen wrote into a folder of its own, by path."""
    found = {}
    for folder, folders, names in os.walk(directory):
        for name in (*folders, *names):
            path = Path(folder) / name
            if path.is_symlink():
                content, mode = os.fsencode(path.readlink()), SYMLINK
            elif path.is_file():
                is_executable = path.stat().st_mode & 0o100
                content, mode = path.read_bytes(), EXECUTABLE if is_executable else "100644"
            else:
                continue
            found[path.relative_to(directory).as_posix()] = File(content, mode)
    return found


def make(repository: Path, files: Tree) -> str:
    """Store files in ``repository``, byte for byte; return the tree."""
    index = repository / "dockgen-make.index"
    index.unlink(missing_ok=True)
    lines = b""
    for path, file in files.items():
        blob = git.run_bytes(
            "hash-object", "-w", "--no-filters", "--stdin",
            repository=repository, stdin=file.content,
        )  # fmt: skip
        lines += f"{file.mode} ".encode() + blob.strip() + b"\t" + os.fsencode(path) + b"\0"
    place = {"GIT_INDEX_FILE": str(index)}
    git.run_bytes(
        "update-index", "-z", "--add", "--index-info",
        repository=repository, environment=place, stdin=lines,
    )  # fmt: skip
    return git.run("write-tree", repository=repository, environment=place)


def renames(repository: Path, before: str, after: str) -> dict[str, str]:
    """Map files of the tree ``before`` to their new names in ``after``, as git detects renames."""
    listed = git.run_bytes(
        "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", before, after,
        repository=repository,
    )  # fmt: skip
    fields = [os.fsdecode(field) for field in listed.split(b"\0")]
    return dict(zip(fields[1::3], fields[2::3], strict=False))


def _contents(repository: Path, blobs: list[str]) -> list[bytes]:
    wanted = "".join(f"{blob}\n" for blob in blobs).encode()
    printed = git.run_bytes("cat-file", "--batch", repository=repository, stdin=wanted)
    contents, position = [], 0
    for _ in blobs:
        # "<object> blob <size>", the bytes, and a line break.
        header = printed.index(b"\n", position)
        size = int(printed[position:header].split()[2])
        contents.append(printed[header + 1 : header + 1 + size])
        position = header + size + 2
    return contents
