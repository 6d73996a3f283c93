"""Random edits, from any version to any other: no line of the owner's is lost."""

import random
from pathlib import Path

import pytest

from tests.integration.update import history
from tests.integration.update.conftest import Make, Update, commit, git

PAIRS = [
    (before, after)
    for position, before in enumerate(history.VERSIONS)
    for after in history.VERSIONS[position + 1 :]
]
MINE = "mine-{}"


class Owner:
    """Someone who edits a project at random; every line that they write is one of a kind."""

    def __init__(self, project: Path, seed: int) -> None:
        """Edit ``project``, the same way for the same seed."""
        self.project = project
        self.random = random.Random(seed)  # noqa: S311 - the same edits for the same seed
        self.lines: list[str] = []
        self.done: list[str] = []

    def edit(self) -> None:
        """Do one thing to one file."""
        names = git("ls-files", "-z", cwd=self.project).split("\0")
        texts = [
            name
            for name in names
            if name and not name.endswith(".png") and name != ".copier-answers.yml"
        ]
        name = self.random.choice(texts)
        kinds = [self.insert] * 6 + [self.replace] * 4 + [self.remove] * 2
        kinds += [self.rename, self.delete, self.add, self.without_end, self.windows]
        kind = self.random.choice(kinds)
        self.done.append(f"{kind.__name__} {name}")
        kind(self.project / name)
        git("add", "--all", cwd=self.project)

    def line(self) -> str:
        """Return a line that nobody else writes."""
        self.lines.append(MINE.format(len(self.lines)))
        return self.lines[-1] + "\n"

    def insert(self, path: Path) -> None:
        """Insert a line between two."""
        lines = self.read(path)
        lines.insert(self.random.randint(0, len(lines)), self.line())
        self.write(path, lines)

    def replace(self, path: Path) -> None:
        """Replace a line."""
        lines = self.read(path)
        position = self.random.randrange(len(lines) or 1)
        self.forget(lines[position : position + 1])
        lines[position : position + 1] = [self.line()]
        self.write(path, lines)

    def remove(self, path: Path) -> None:
        """Remove up to five lines."""
        lines = self.read(path)
        position = self.random.randrange(len(lines) or 1)
        self.forget(lines[position : position + 5])
        del lines[position : position + 5]
        self.write(path, lines)

    def rename(self, path: Path) -> None:
        """Rename a file."""
        folder = self.project / self.random.choice(["deploy", "docker", "."])
        folder.mkdir(exist_ok=True)
        path.rename(folder / f"moved-{len(self.done)}-{path.name}")

    def delete(self, path: Path) -> None:
        """Delete a file."""
        self.forget(self.read(path))
        path.unlink()

    def add(self, path: Path) -> None:
        """Add a file, sometimes one that a later template also has."""
        name = self.random.choice(["SECURITY.md", "own.txt", f"{path.name}.own"])
        if not (self.project / name).exists():
            (self.project / name).write_text(self.line())

    def without_end(self, path: Path) -> None:
        """Remove the last line break."""
        path.write_bytes(path.read_bytes().rstrip(b"\n"))

    def windows(self, path: Path) -> None:
        """Change the line endings to those of Windows."""
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    def forget(self, lines: list[str]) -> None:
        """Ignore what users delete themselves."""
        self.lines = [mine for mine in self.lines if mine not in {line.strip() for line in lines}]

    def read(self, path: Path) -> list[str]:
        """Return a file's lines, with their line endings."""
        return path.read_bytes().decode().splitlines(keepends=True)

    def write(self, path: Path, lines: list[str]) -> None:
        """Write lines; if a line has no line break, add one before the next."""
        text = ""
        for line in lines:
            text += "\n" if text and not text.endswith("\n") else ""
            text += line
        path.write_bytes(text.encode())


@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.release) for seed in range(8, 24))]
)
def test_no_line_is_lost(make: Make, update: Update, seed: int) -> None:
    """Each is in the result, conflicts included; nothing is ever as good as lost."""
    before, after = PAIRS[seed % len(PAIRS)]
    project = make(before)
    owner = Owner(project, seed)
    for _ in range(owner.random.randint(1, 12)):
        owner.edit()
    commit(project)
    done = update("--to", after, project)
    assert done.code in {0, 1}, f"{owner.done}: {done.errors}"
    texts = b"\n".join(
        path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(project).parts
    )
    found = {line.strip() for line in texts.decode(errors="replace").splitlines()}
    lost = [line for line in owner.lines if line not in found]
    assert not lost, f"{before} → {after} after {owner.done}: {done.output}"
