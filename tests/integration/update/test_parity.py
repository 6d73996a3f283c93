"""Plain `copier update`, from a git server, gives what `dockgen update` gives offline.

That holds wherever plain copier loses nothing: the same bytes in every file, and the same index.
What differs on purpose is in docs/update.md, and each difference is a test of test_scenarios.py.
"""

import functools
import http.server
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PLAIN
from tests.integration.update.conftest import PERSON, Make, Update, commit, edit, git, index, state

# The copier that dockgen works with, the oldest that it accepts, and the newest there is.
COPIERS = {
    "installed": [sys.executable, "-m", "copier"],
    "oldest": [sys.executable, "-m", "uv", "tool", "run", "--from", "copier==9.19.1", "copier"],
    "newest": [sys.executable, "-m", "uv", "tool", "run", "--from", "copier@latest", "copier"],
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture(scope="module")
def address(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a git repository with the history, served by HTTP on the loopback device."""
    folder = tmp_path_factory.mktemp("served")
    bundle = site / "dockgen/data/templates.bundle"
    git("clone", "--quiet", "--mirror", bundle, folder / "dockgen.git", cwd=folder)
    git("update-server-info", cwd=folder / "dockgen.git")
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/dockgen.git"
        server.shutdown()


@pytest.fixture
def copier_update(address: str, tmp_path: Path) -> Callable[..., None]:
    """Run plain `copier update`, without --trust, as someone for whom the address exists."""
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[url "{address}"]\n\tinsteadOf = https://dockgen.invalid/dockgen.git\n')

    def run(copier: str, project: Path, *arguments: str) -> None:
        subprocess.run(
            [*COPIERS[copier], "update", "--defaults", "--conflict=inline", *arguments, project],
            env=PLAIN | PERSON | {
                "GIT_CONFIG_GLOBAL": str(settings),
                "COPIER_CACHE_DIR": str(tmp_path / "cache"),
            },
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip

    return run


def untouched(project: Path) -> None:
    """Nothing was edited."""


def merged(project: Path) -> None:
    """Lines far from the template's changes, a deleted file, and a file of their own."""
    edit(project / "README.md", "## Limits\n", "## Limits\n\nOurs are lower.\n")
    edit(project / "Dockerfile", "EXPOSE 8080\n", "EXPOSE 8080\nLABEL team=ours\n")
    (project / "logo.png").unlink()
    (project / "own.txt").write_text("mine\n")


def in_conflict(project: Path) -> None:
    """Edit a line that the template changed, too."""
    edit(project / "compose.yaml", "pids_limit: 64", "pids_limit: 99")


def added_by_both(project: Path) -> None:
    """Add a file that a later template also has."""
    (project / "SECURITY.md").write_text("mine\n")


@pytest.mark.parametrize(
    ("edited", "copier"),
    [
        (untouched, "installed"),
        (merged, "installed"),
        (in_conflict, "installed"),
        (added_by_both, "installed"),
        (merged, "oldest"),
        (merged, "newest"),
    ],
)
def test_gives_the_same(
    make: Make,
    update: Update,
    copier_update: Callable[..., None],
    tmp_path: Path,
    edited: Callable[[Path], None],
    copier: str,
) -> None:
    """From the first release to the newest: every file, and git's index."""
    ours, theirs = make(), make("v1.0.0", tmp_path / "plain/my-app")
    for project in (ours, theirs):
        # Plain copier would leave an ignored file as it is: a difference that is meant.
        (project / ".env").unlink()
        edited(project)
        commit(project)
    update(ours)
    copier_update(copier, theirs)
    assert state(ours) == state(theirs)
    assert index(ours) == index(theirs)
