"""The bundle: the template's history in one small git file, one commit per release.

It contains only ``copier.yml`` and ``templates/``, under the real release tags. So a version that a
project records is the same in the bundle and in the public repository.

Between releases, a checkout renders its working copy: the tree gets a version of its own, made from
its content, on top of the newest release. This module uses only the standard library, because the
wheel's build hook runs it too.
"""

import json
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dockgen import git, signals

DATA = Path(__file__).parent / "data"
BUNDLE = "templates.bundle"
MANIFEST = "templates.json"
QUESTIONNAIRE = "copier.yml"

# The parts of the repository that belong to the template; Python's caches never do.
_PATHS = (QUESTIONNAIRE, "templates")
_LEAVINGS = (":(exclude)**/__pycache__/**", ":(exclude)**/*.pyc", ":(exclude)**/.DS_Store")


@dataclass(frozen=True)
class Release:
    """One version of the template: its tag, its commit in the bundle, and its tree."""

    version: str
    commit: str
    tree: str


@dataclass(frozen=True)
class Manifest:
    """The releases in a bundle, and the address that projects record for it."""

    url: str
    former_urls: tuple[str, ...]
    releases: tuple[Release, ...]

    @property
    def latest(self) -> Release:
        """The newest version in the bundle."""
        return self.releases[-1]

    def is_at(self, url: str) -> bool:
        """Return whether projects record this address, now or formerly."""
        return url in (self.url, *self.former_urls)

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read a manifest that ``write`` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        releases = tuple(Release(**release) for release in data["releases"])
        return cls(data["url"], tuple(data["former_urls"]), releases)

    def write(self, path: Path) -> None:
        """Write the manifest as JSON, one fact per line, so that a review shows what changed."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def checkout() -> Path | None:
    """Return the root of the repository if dockgen runs from a checkout, otherwise None."""
    root = Path(__file__).resolve().parents[2]
    parts = (
        root / "pyproject.toml",
        root / QUESTIONNAIRE,
        root / "templates",
        root / "src/dockgen",
    )
    return root if all(part.exists() for part in parts) else None


def questions(root: Path) -> list[Path]:
    """Return a checkout's questionnaire and the files that it includes, relative to ``root``."""
    files = [root / QUESTIONNAIRE, *sorted(root.glob("templates/*/language.yml"))]
    return [path.relative_to(root) for path in files]


def questionnaire() -> Path:
    """Return dockgen's own copier.yml: of the working copy in a checkout, or the installed one."""
    return (checkout() or DATA) / QUESTIONNAIRE


@contextmanager
def provide() -> Iterator[tuple[Path, Manifest]]:
    """Yield the bundle to render from, and its manifest.

    An installed dockgen uses the bundle that it contains. A checkout adds its working copy to the
    committed bundle if it differs from the newest release.
    """
    root = checkout()
    if root is None:
        yield DATA / BUNDLE, Manifest.read(DATA / MANIFEST)
        return
    with signals.temporary_folder("dockgen-") as folder:
        yield with_working_copy(root, folder)


def with_working_copy(root: Path, folder: Path) -> tuple[Path, Manifest]:
    """Return the bundle of the checkout ``root``, with its working copy as the newest version.

    Args:
        root: a checkout, an unpacked archive or an unpacked sdist; it may not be a repository.
        folder: where to write a bundle, if one is needed.
    """
    committed = root / "src/dockgen/data"
    manifest = _committed_manifest(root)
    repository = unpack(committed / BUNDLE, manifest, folder)
    tree = _store(root, repository)
    if manifest.releases and manifest.latest.tree == tree:
        return committed / BUNDLE, manifest
    newest = manifest.latest.version if manifest.releases else "v0.0.0"
    # Newer than the newest release, older than the next, and different for each content.
    version = f"{newest}.post1.dev0+g{tree[:12]}"
    manifest = commit(repository, manifest, tree, version, seconds=1_000_000_000)
    return _write(repository, folder / BUNDLE), manifest


def release(root: Path, version: str, seconds: int) -> Manifest:
    """Add the working copy of ``root`` to the committed bundle as the release ``version``.

    Args:
        root: the checkout.
        version: the tag, such as ``v0.1.0``.
        seconds: the time to record, since the epoch.
    """
    committed = root / "src/dockgen/data"
    manifest = _committed_manifest(root)
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
        repository = unpack(committed / BUNDLE, manifest, Path(folder))
        tree = _store(root, repository)
        manifest = commit(repository, manifest, tree, version, seconds)
        committed.mkdir(parents=True, exist_ok=True)
        _write(repository, committed / BUNDLE)
    manifest.write(committed / MANIFEST)
    return manifest


def settings(root: Path) -> Manifest:
    """Return an empty manifest with the template's address from the checkout's pyproject.toml."""
    data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    former = data.get("tool", {}).get("dockgen", {}).get("former-urls", [])
    return Manifest(data["project"]["urls"]["Repository"], tuple(former), ())


def _committed_manifest(root: Path) -> Manifest:
    """Return the committed releases, if any, under the checkout's current address."""
    path = root / "src/dockgen/data" / MANIFEST
    releases = Manifest.read(path).releases if path.is_file() else ()
    return replace(settings(root), releases=releases)


def read_releases(bundle: Path) -> tuple[Release, ...]:
    """Return the releases in a bundle, oldest first, read from its objects."""
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder:
        repository = Path(folder)
        git.run("init", "--quiet", "--bare", ".", cwd=repository)
        git.run(
            "fetch", "--quiet", bundle.resolve(), "refs/tags/*:refs/tags/*", repository=repository
        )
        tags = git.run(
            "for-each-ref",
            "--format=%(objectname) %(tree) %(refname:short)",
            "refs/tags",
            repository=repository,
        )
        rows = [line.split() for line in tags.splitlines()]
        order = git.run(
            "rev-list", "--topo-order", "--reverse", "--tags", repository=repository
        ).split()
        rows.sort(key=lambda row: order.index(row[0]))
        return tuple(Release(version, commit, tree) for commit, tree, version in rows)


def unpack(bundle: Path, manifest: Manifest, folder: Path) -> Path:
    """Unpack a bundle into a bare repository in ``folder``."""
    repository = folder / "repository.git"
    git.run("init", "--quiet", "--bare", repository.name, cwd=folder)
    if manifest.releases:
        git.run("fetch", "--quiet", bundle, "refs/tags/*:refs/tags/*", repository=repository)
    return repository


def _store(root: Path, repository: Path) -> str:
    """Store the working copy of the template, with uncommitted changes; return its tree."""
    # --force: the .gitignore of a template is content, not a rule for this repository.
    index = {
        "GIT_DIR": str(repository),
        "GIT_WORK_TREE": str(root),
        "GIT_INDEX_FILE": str(repository / "working-copy.index"),
    }
    git.run("add", "--force", "--", *_PATHS, *_LEAVINGS, cwd=root, environment=index)
    return git.run("write-tree", cwd=root, environment=index)


def commit(repository: Path, manifest: Manifest, tree: str, version: str, seconds: int) -> Manifest:
    """Add one commit and tag on top of the newest release; return the longer manifest.

    Args:
        repository: a bare repository with the releases of ``manifest``, and ``tree``.
        manifest: its releases.
        tree: the files of the new release.
        version: its tag.
        seconds: its time, since the epoch.
    """
    parent = ["-p", manifest.latest.commit] if manifest.releases else []
    when = f"@{seconds} +0000"
    commit = git.run(
        "commit-tree",
        tree,
        "-m",
        version,
        *parent,
        repository=repository,
        environment={"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
    )
    git.run("update-ref", f"refs/tags/{version}", commit, repository=repository)
    return replace(manifest, releases=(*manifest.releases, Release(version, commit, tree)))


def _write(repository: Path, bundle: Path) -> Path:
    """Write the repository as a bundle: the same history and git give the same bytes."""
    newest = git.run("rev-list", "--tags", "--max-count=1", "--topo-order", repository=repository)
    point_head(repository, newest)
    # With one thread, deltas don't depend on how the objects were stored.
    git.run("-c", "pack.threads=1", "repack", "-adFq", repository=repository)
    git.run(
        "-c",
        "pack.threads=1",
        "bundle",
        "create",
        "--quiet",
        bundle.resolve(),
        "HEAD",
        "refs/heads/main",
        "--tags",
        repository=repository,
    )
    return bundle


def point_head(repository: Path, commit: str) -> None:
    """Make ``commit`` the head of a bare repository, as clones expect."""
    git.run("update-ref", "refs/heads/main", commit, repository=repository)
    git.run("symbolic-ref", "HEAD", "refs/heads/main", repository=repository)
