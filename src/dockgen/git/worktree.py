"""The user's git repository around a project: read its state, and write its index."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dockgen import git
from dockgen.errors import ProjectError
from dockgen.git import gitfolder
from dockgen.git.gitfolder import GitFolder
from dockgen.git.tree import File
from dockgen.inside import Folder

# Files in git's folder that mark an unfinished operation, and the command that ends it.
_UNFINISHED = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}


class UncommittedError(ProjectError):
    """The folder's repository has no commit, or none that contains this folder."""


@dataclass(frozen=True)
class Worktree:
    """A project's folder in a git repository.

    ``prefix`` is the folder's path in the repository: "" at its root, otherwise with a trailing
    slash. ``head`` is the commit that is checked out, and ``tree`` the project's tree in it.
    """

    directory: Path
    prefix: str
    head: str
    tree: str

    def require_settled(self) -> None:
        """Check that no merge, rebase or similar operation is unfinished.

        Raises:
            ProjectError: one is, or a file is in conflict.
        """
        for name, command in _UNFINISHED.items():
            if (self.git_folder / name).exists():
                if (self.git_folder / "rebase-apply/applying").exists():
                    command = "am"
                raise ProjectError(
                    f"{self.directory}: a {command} isn't finished",
                    f"finish it, or stop it: git {command} --abort",
                )
        # Read only the index: comparing files would run filters.
        if listed := self._lines("ls-files", "--unmerged", "-z", "--", "."):
            conflicts = {line.partition("\t")[2] for line in listed}
            raise ProjectError(
                f"{self.directory}: still in conflict: {', '.join(sorted(conflicts))}",
                "resolve them, then: git add and git commit",
            )

    def require_clean(self) -> None:
        """Check that everything that git tracks here is committed.

        Raises:
            ProjectError: something isn't.
        """
        listed = self._lines(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=no",
            "--ignore-submodules=dirty", "--", ".",
        )  # fmt: skip
        if listed:
            names = sorted(line[3:] for line in listed)
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise ProjectError(
                f"{self.directory} has uncommitted changes: {', '.join(names[:3])}{more}",
                "commit them (git commit -a) or stash them (git stash)",
            )

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Return which of these project paths git ignores, without those in submodules."""
        inside = tuple(f"{path}/" for path in self.submodules())
        paths = [path for path in paths if not path.startswith(inside)]
        names = b"".join(os.fsencode(path) + b"\0" for path in paths)
        listed = git.ask(
            "check-ignore", "-z", "--stdin",
            cwd=self.directory, stdin=names, may_find_nothing=True,
        )  # fmt: skip
        return {os.fsdecode(name) for name in listed.split(b"\0") if name}

    def submodules(self) -> set[str]:
        """Return the project's paths that are repositories of their own."""
        listed = self._lines("ls-tree", "-r", "-z", "--full-tree", self.tree)
        return {line.partition("\t")[2] for line in listed if line.startswith("160000 ")}

    def require_seen(self, paths: Iterable[str]) -> None:
        """Check that git looks for changes in these files.

        Raises:
            ProjectError: git was told not to.
        """
        flagged = self._lines("ls-files", "-v", "-z", "--", ".")
        # Lower case: assume-unchanged. S: skip-worktree, as in a sparse checkout.
        hidden = {line[2:] for line in flagged if line[0].islower() or line[0] == "S"}
        for path in paths:
            if path in hidden:
                raise ProjectError(
                    f"{self.directory / path} is hidden from git by assume-unchanged,"
                    " skip-worktree or a sparse checkout",
                    f"git update-index --no-assume-unchanged --no-skip-worktree {path}",
                )

    @property
    def folder(self) -> Folder:
        """The project's folder, for reading and writing files without following links."""
        return Folder(self.directory)

    @property
    def git_folder(self) -> Path:
        """The folder of git itself; for a worktree, the one that it doesn't share."""
        found = gitfolder.find(self.directory)
        if found is None:
            raise ProjectError(f"{self.directory} isn't in a git repository any more", "git status")
        return found.path

    @property
    def journal(self) -> Folder:
        """The folder of the journal."""
        return GitFolder(self.git_folder, self.prefix).journal

    @property
    def index(self) -> "Worktree":
        """The worktree whose index has the files: itself."""
        return self

    def objects(self) -> Path:
        """The folder of git's objects."""
        return self.directory / self._line("rev-parse", "--git-path", "objects")

    def object_format(self) -> str:
        """The hash that git uses here: "sha1" or "sha256"."""
        return self._line("rev-parse", "--show-object-format")

    def smudged(self, path: str, file: File) -> bytes:
        """Return a file's content as on disk, with the line endings of the user's settings."""
        blob = self._line("hash-object", "-w", "--no-filters", "--stdin", stdin=file.content)
        return git.ask("cat-file", "--filters", f"--path={path}", blob, cwd=self.directory)

    def entries(self, paths: Collection[str]) -> bytes:
        """Return the index entries of these project paths, in the format of `update-index`."""
        if not paths:
            return b""
        return git.ask(
            "--literal-pathspecs", "ls-files", "--stage", "--full-name", "-z", "--", *sorted(paths),
            cwd=self.directory,
        )  # fmt: skip

    def conflict_entries(self, path: str, stages: Mapping[int, File]) -> bytes:
        """Return the lines that put a conflict into the index; its files must be stored."""
        lines = b""
        for number, file in sorted(stages.items()):
            blob = self._line("hash-object", "-w", "--no-filters", "--stdin", stdin=file.content)
            name = os.fsencode(self.prefix + path)
            lines += f"{file.mode} {blob} {number}\t".encode() + name + b"\0"
        return lines

    def index_file(self) -> Path:
        """Return the path of git's index."""
        return self.git_folder / "index"

    def write_entries(
        self, paths: Iterable[str], entries: bytes, index_file: Path | None = None
    ) -> None:
        """Replace the index entries of these paths with ``entries``: all or nothing.

        Args:
            paths: paths of the project.
            entries: what `entries` or `conflict_entries` returned.
            index_file: an index to use instead of git's own.

        Raises:
            ProjectError: the index can't be written.
        """
        none = "0" * len(self.head)
        removed = b"".join(
            f"0 {none}\t".encode() + os.fsencode(self.prefix + path) + b"\0" for path in paths
        )
        place = {"GIT_INDEX_FILE": str(index_file)} if index_file else {}
        git.ask(
            "update-index", "-z", "--index-info",
            cwd=self.directory, stdin=removed + entries, environment=place,
        )  # fmt: skip

    def scratch(self, directory: Path) -> Path:
        """Make an empty repository in a new folder that borrows the objects of this one."""
        directory.mkdir(parents=True)
        git.run("init", "--quiet", "--initial-branch=main", ".", cwd=directory)
        information = directory / ".git" / "info"
        information.mkdir(exist_ok=True)
        # No conversion of line endings or encodings and no filter, whatever .gitattributes says.
        attributes = "* -text -filter -ident -working-tree-encoding\n"
        (information / "attributes").write_text(attributes, encoding="utf-8")
        borrowed = os.fsencode(self.objects().resolve())
        quoted = borrowed.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
        (directory / ".git/objects/info/alternates").write_bytes(b'"' + quoted + b'"\n')
        # A link could lead copier out of the clone, so check it out as a file with the link's
        # target.
        git.run("config", "core.symlinks", "false", cwd=directory)
        return directory

    def _line(self, *arguments: str, stdin: bytes | None = None) -> str:
        return os.fsdecode(git.ask(*arguments, cwd=self.directory, stdin=stdin)).strip("\n")

    def _lines(self, *arguments: str) -> list[str]:
        printed = git.ask(*arguments, cwd=self.directory)
        return [os.fsdecode(line) for line in printed.split(b"\0") if line]


def find(directory: Path) -> Worktree:
    """Return the worktree of the project in ``directory``.

    Raises:
        ProjectError: it isn't in a repository, or in something that only looks like one, or it was
            never committed.
    """
    start = "git init && git add --all && git commit --message='Start with dockgen'"
    if gitfolder.find(directory) is None:
        raise ProjectError(
            f"{directory} isn't in a git repository: an update merges with git", start
        )
    inside = git.ask("rev-parse", "--is-inside-work-tree", cwd=directory)
    if inside.strip() != b"true":
        raise ProjectError(
            f"{directory} is git's own folder, not a project", "use the folder of the project"
        )
    prefix = os.fsdecode(git.ask("rev-parse", "--show-prefix", cwd=directory)).removesuffix("\n")
    try:
        head = git.ask("rev-parse", "--verify", "--quiet", "HEAD", cwd=directory)
        tree = git.ask("rev-parse", "--verify", "--quiet", f"HEAD:{prefix}", cwd=directory)
    except ProjectError as error:
        if git.ask("for-each-ref", "--count=1", cwd=directory) and not prefix:
            raise ProjectError(
                f"{directory}: git can't read the files of the last commit",
                "check the repository: git fsck",
            ) from error
        raise UncommittedError(
            f"{directory} has no commit: an update merges into the last commit",
            start.partition(" && ")[2],
        ) from error
    return Worktree(directory, prefix, head.decode().strip(), tree.decode().strip())
