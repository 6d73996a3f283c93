"""Compare what two versions of the templates render: paths, modes and bytes.

Usage: python -m scripts.compare_rendered [VERSION [NAME…]]

VERSION is a release in the bundle or a git revision of this repository; by default, the newest
release. It is compared with the working copy, on each cell, each variant, the pairwise cover, and
each sample app with each package manager, plain and with everything that a company may add. With
NAME, only cases whose name begins with it are compared. The exit code is 1 if they differ. In the
answers file, the template's version and address don't count.
"""

import io
import multiprocessing
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from dockgen import bundle, git, matrix
from dockgen.bundle import Manifest
from dockgen.cases import Case
from dockgen.git import tree
from dockgen.starter import scaffold
from tests import pairwise, recall
from tests.variants import VARIANTS

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ".copier-answers.yml"
# Stands for all files of a project that can't be rendered.
NONE = "(no project)"
# A company's answers, which change most files and nearly every step of a Dockerfile.
COMPANY: Mapping[str, Mapping[str, Any]] = {
    "ssh": {
        "private_dependencies": "ssh",
        "private_host": "git.example.com",
        "package_index": "http://mirror.example.com:8081/simple",
        "ci": "github",
    },
    "token": {
        "private_dependencies": "token",
        "private_host": "git.example.com",
        "package_index": "https://mirror.example.com/simple",
        "registry": "mirror.example.com/hub",
        "ca_certificates": pairwise.PEM,
        "build_ca": True,
        "labels": {"org.opencontainers.image.vendor": "Acme"},
        "policy": {"size_mb": {"python": 300, "default": 400}, "allowed_registries": ["a.example"]},
        "ci": "gitlab",
    },
}
# The files of one side: mode and content, or why the project can't be rendered.
Files = Mapping[str, tuple[int, bytes]]


def main(version: str, *names: str) -> int:
    """Print what differs, and return the exit code."""
    cases = {case.name: case for case in every_case() if case.name.startswith(names or "")}
    found: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
        before, after = Path(folder) / "before", Path(folder) / "after"
        extract(version, before)
        scaffold.write(working_copy(), after)
        with multiprocessing.Pool(initializer=recall.start) as pool:
            for name, lines in pool.imap_unordered(
                partial(differences, before, after), cases.values(), chunksize=4
            ):
                found += [(path, what, name) for path, what in lines]
    print_table(found, f"{len(cases)} projects of {version} and of the working copy")
    return 1 if found else 0


def every_case() -> Iterator[Case]:
    """Yield all projects to compare, each under a unique name."""
    for cell in matrix.ALL:
        yield Case(str(cell), {"language": str(cell.language), "flavor": str(cell.flavor)})
    yield from VARIANTS
    yield from pairwise.CASES
    for language, of_language in pairwise.LANGUAGES.items():
        kinds = pairwise.COMMON["kind"]
        apps = product(of_language["framework"], kinds, of_language["package_manager"])
        for (framework, kind, manager), flavor in product(apps, pairwise.COMMON["flavor"]):
            answers = {
                "language": language,
                "flavor": flavor,
                "framework": framework,
                "kind": kind,
                "package_manager": manager,
            }
            if pairwise.is_possible(answers):
                name = f"{language}-{framework}-{kind}-{manager}-{flavor}"
                yield Case(name, answers)
                for company, more in COMPANY.items():
                    packages = [] if flavor == "scratch" else ["ffmpeg", "tini"]
                    yield Case(
                        f"{name}-{company}", {**answers, **more, "runtime_packages": packages}
                    )


def differences(before: Path, after: Path, case: Case) -> tuple[str, list[tuple[str, str]]]:
    """Return the paths that differ between the two templates for one case, and how."""
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
        sides = [render(case, side, Path(folder) / side.name / "app") for side in (before, after)]
    old, new = sides
    if NONE in old or NONE in new:
        old, new = ({NONE: side.get(NONE, (0, b""))} for side in sides)
    lines = []
    for path in sorted({*old, *new}):
        if path not in new:
            lines.append((path, "is gone"))
        elif path not in old:
            lines.append((path, "is new"))
        elif old[path][0] != new[path][0]:
            lines.append((path, f"mode {old[path][0]:o} → {new[path][0]:o}"))
        elif old[path][1] != new[path][1]:
            lines.append((path, first_difference(old[path][1], new[path][1])))
    return case.name, lines


def render(case: Case, template: Path, directory: Path) -> Files:
    """Return what a case renders, by path; a single entry with copier's error if it can't."""
    import copier

    try:
        copier.run_copy(
            str(template),
            directory,
            dict(case.answers),
            defaults=True,
            quiet=True,
            settings=copier.Settings(),
        )
    except Exception as error:  # whatever copier raises is that side's result
        return {NONE: (0, " ".join(str(error).split()).encode())}
    found = {}
    for path in directory.rglob("*"):
        if path.is_file():
            # CI files contain the template's address, which is this side's folder.
            content = path.read_bytes().replace(str(template).encode(), b"(template)")
            if path.name == ANSWERS:
                content = re.sub(rb"^_(commit|src_path): .*\n", b"", content, flags=re.M)
            found[path.relative_to(directory).as_posix()] = (path.stat().st_mode, content)
    return found


def extract(version: str, directory: Path) -> None:
    """Write the templates of a release, or of a git revision, into a new folder."""
    data = ROOT / "src/dockgen/data"
    releases = {one.version: one for one in Manifest.read(data / bundle.MANIFEST).releases}
    if version in releases:
        with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
            fetch(data / bundle.BUNDLE, Path(folder))
            scaffold.write(tree.read(Path(folder), releases[version].tree), directory)
        return
    archive = subprocess.run(
        ["git", "archive", "--", version, bundle.QUESTIONNAIRE, "templates"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    if archive.returncode:
        sys.exit(f"{version} isn't a release in the bundle or a git revision")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as opened:
        opened.extractall(directory, filter="data")


def fetch(bundled: Path, repository: Path) -> None:
    """Make a repository in an empty folder with the content of a bundle."""
    git.run("init", "--quiet", "--bare", ".", cwd=repository)
    git.run("fetch", "--quiet", bundled, "refs/tags/*:refs/tags/*", repository=repository)


def working_copy() -> tree.Tree:
    """Return the templates in the working copy, with uncommitted changes."""
    with bundle.provide() as (path, manifest), tempfile.TemporaryDirectory() as folder:
        fetch(path, Path(folder))
        return tree.read(Path(folder), manifest.latest.tree)


def first_difference(old: bytes, new: bytes) -> str:
    """Return the first line that differs, from both sides."""
    before, after = ([*text.splitlines(), b"(end)"] for text in (old, new))
    number = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), -1)
    return f"line {number + 1}: {before[number]!r:.90} → {after[number]!r:.90}"


def print_table(found: list[tuple[str, str, str]], title: str) -> None:
    """Print each kind of difference once, with the number of projects and one of them."""
    console = Console()
    console.width = max(console.width, 140)
    if not found:
        console.print(f"{title}: the same paths, modes and bytes")
        return
    table = Table("path", "difference", "projects", "such as", title=title)
    counts = Counter((path, what) for path, what, _ in found)
    example = {(path, what): name for path, what, name in reversed(found)}
    for (path, what), number in sorted(counts.items()):
        table.add_row(path, what, str(number), example[path, what])
    console.print(table)


def newest() -> str:
    """Return the newest release in the committed bundle."""
    return Manifest.read(ROOT / "src/dockgen/data" / bundle.MANIFEST).latest.version


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:] or [newest()]))
