"""What strangers put near a project: team files, addresses, hosts, and parent folders."""

import http.server
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import lock, source, starters, team, template, web
from dockgen.errors import DockgenError, ProjectError, UsageError
from dockgen.team import teamfile
from tests.conftest import Run
from tests.integration.update.conftest import commit, git
from tests.table import table

STRANGER = 4242
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a team file, and no settings of git's."""
    (tmp_path / "shared/.git").mkdir(parents=True)
    (tmp_path / "shared/mine").mkdir()
    (tmp_path / "shared" / teamfile.FILE).write_text('name = "Theirs"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.delenv("SUDO_UID", raising=False)
    return tmp_path / "shared"


class TestTeamFile:
    """One that is found in a repository."""

    def find(self, shared: Path) -> teamfile.Team | None:
        """As for a project in a folder of the user's own, below."""
        return team.find(shared / "mine/app", None, ())

    @as_root
    @pytest.mark.parametrize("part", [".", ".git", teamfile.FILE])
    def test_a_stranger_s_is_an_error(self, shared: Path, part: str) -> None:
        """Whether the file is theirs, the repository or what makes it one. Silence is no lock."""
        os.chown(shared / part, STRANGER, STRANGER)
        with pytest.raises(ProjectError, match=f"belongs to user {STRANGER}") as caught:
            self.find(shared)
        assert str(shared / teamfile.FILE) in caught.value.message
        assert "git config --global --add safe.directory" in caught.value.hint

    @as_root
    def test_a_link_to_a_stranger_s_is_one(self, shared: Path) -> None:
        """The owner of a link's target counts, too."""
        os.chown(shared / teamfile.FILE, STRANGER, STRANGER)
        (shared / teamfile.FILE).rename(shared / "theirs")
        (shared / teamfile.FILE).symlink_to("theirs")
        with pytest.raises(ProjectError, match="belongs to"):
            self.find(shared)

    @as_root
    @pytest.mark.parametrize(
        ("entries", "counts"),
        [(["{root}"], True), (["*"], True), (["{root}x"], False), (["{root}", ""], False)],
    )
    def test_git_s_list_is_consent(self, shared: Path, entries: list[str], counts: bool) -> None:
        """As for git: an empty entry takes back those before it."""
        os.chown(shared / teamfile.FILE, STRANGER, STRANGER)
        lines = [f"\tdirectory = {entry.format(root=shared)}\n" for entry in entries]
        (shared.parent / "gitconfig").write_text(f"[safe]\n{''.join(lines)}")
        if counts:
            assert self.find(shared) is not None
        else:
            with pytest.raises(ProjectError, match="belongs to"):
                self.find(shared)

    @as_root
    def test_sudo_keeps_the_user_s_own(self, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who typed sudo is no stranger; anybody else is."""
        os.chown(shared / teamfile.FILE, STRANGER, STRANGER)
        monkeypatch.setenv("SUDO_UID", str(STRANGER + 1))
        with pytest.raises(ProjectError, match="belongs to"):
            self.find(shared)

    @pytest.mark.parametrize("what", ["pipe", "folder", "broken link", "link out"])
    def test_an_odd_one_is_an_error(self, shared: Path, what: str) -> None:
        """A file that can't be read isn't skipped."""
        path = shared / teamfile.FILE
        path.unlink()
        if what == "pipe":
            os.mkfifo(path)
        elif what == "folder":
            path.mkdir()
        else:
            (shared.parent / "outside.toml").write_text("[locked]\nport = 9000\n")
            path.symlink_to("gone" if what == "broken link" else "../outside.toml")
        with pytest.raises(DockgenError):
            self.find(shared)


class Host(http.server.BaseHTTPRequestHandler):
    """A host that answers as its path says."""

    def do_GET(self) -> None:
        """Redirect, drip or cut off."""
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        self.send_response(200)
        if self.path == "/cut":
            self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"[locked]\n")
        while self.path == "/drip":
            try:
                self.wfile.write(b"#")
            except OSError:
                return
            time.sleep(0.1)

    def log_message(self, *words: Any) -> None:
        """Says nothing."""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Its address on the loopback device, with a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(web, "_asked", {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        server.daemon_threads = False  # each answer has ended before the next test begins
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class TestWeb:
    """A team file by its address."""

    @pytest.mark.parametrize(
        "target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://192.0.2.1/x"]
    )
    def test_no_redirect_leads_elsewhere(self, host: str, target: str) -> None:
        """Neither to another scheme nor from this machine to plain http of another one."""
        with pytest.raises(ProjectError, match=r"redirects to|can't be fetched"):
            web.fetch(f"{host}/to/{target}")

    def test_https_stays_https(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not even to this machine by http."""
        import urllib.request

        found: list[Any] = []
        monkeypatch.setattr(
            urllib.request.OpenerDirector,
            "add_handler",
            lambda _, handler: found.append(handler),
        )
        monkeypatch.setattr(urllib.request.OpenerDirector, "open", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            web._downloaded("https://h/x", 0)
        redirects = next(one for one in found if hasattr(one, "redirect_request"))
        request = urllib.request.Request("https://h/x")
        with pytest.raises(ProjectError, match="redirects to http"):
            redirects.redirect_request(request, io.BytesIO(), 302, "", {}, "http://127.0.0.1/x")

    def test_there_is_a_time_for_all_of_it(
        self, host: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A host that sends a byte now and then is out of reach in the end."""
        monkeypatch.setattr(web, "FETCH_SECONDS", 0.5)
        begin = time.monotonic()
        with pytest.raises(ProjectError, match="took longer"):
            web.fetch(f"{host}/drip")
        assert time.monotonic() - begin < 30
        for thread in threading.enumerate():
            if thread.name.endswith("(work)"):
                thread.join(10)

    def test_half_a_file_is_none(self, host: str) -> None:
        """It would have half of the locks."""
        with pytest.raises(ProjectError, match="cut off"):
            web.fetch(f"{host}/cut")

    def test_a_kept_copy_is_private_and_says_its_age(
        self, host: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """For the user alone, and never in silence."""
        address = f"{host}/team.toml"
        assert web.fetch(address).kept is None
        (copy,) = web._folder().iterdir()
        assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        os.utime(copy, (time.time() - 3 * 86400,) * 2)
        monkeypatch.setattr(web, "_asked", {})

        def gone(_url: str) -> bytes:
            raise OSError("gone")

        monkeypatch.setattr(web, "_download", gone)
        found = team.find(Path(), address, ())
        assert found is not None
        assert "as it was 3 days ago, on " in found.warning

    def test_a_password_is_refused(self) -> None:
        """It would be in every log."""
        with pytest.raises(UsageError) as caught:
            web.fetch("https://me:s3cret@h/team.toml")
        assert "s3cret" not in caught.value.message + caught.value.hint


@table(
    "url",
    [
        "https://me:s3cret@h/x",
        "https://s3cret@h/x",
        "git+https://me:s3cret@h/x.git",
        "ssh://git:s3cret@h/x",
        "https://h/x?private_token=s3cret",
        "git:s3cret@h:x",
    ],
)
def test_a_starter_s_address_has_no_credentials(url: str) -> None:
    """Projects record it, and CI files hold it."""
    with pytest.raises(UsageError) as caught:
        starters.check_new("acme", url)
    assert "s3cret" not in caught.value.message + caught.value.hint


@table("url", ["git@h:x/y.git", "ssh://git@h/x", "https://h/x", "gh:a/b"])
def test_a_starter_s_address_has_the_user_of_ssh(url: str) -> None:
    """The user name of ssh isn't a secret."""
    assert url in starters.check_new("acme", url).url


def test_uv_looks_no_further_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder above its copy is the user's alone, with a workspace that has no members."""
    project = tmp_path / "app"
    project.mkdir()
    (project / "pyproject.toml").write_text("[project]\nname = 'app'\nversion = '1'\n")
    uv = tmp_path / "uv"
    uv.write_text(
        '#!/bin/sh\nwhile [ "$1" != --project ]; do shift; done\n'
        f'stat -c %a "$2/.." > {tmp_path}/seen; cat "$2/../pyproject.toml" >> {tmp_path}/seen\n'
        f'pwd >> {tmp_path}/seen; touch "$2/uv.lock"\n'
    )
    uv.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert lock.write(project, uv, {}) == ""
    assert (tmp_path / "seen").read_text() == "700\n[tool.uv.workspace]\nmembers = []\n/\n"
    assert (project / "uv.lock").exists()


@pytest.mark.parametrize("target", ["/dev/zero", "../outside.toml"])
def test_uv_is_given_no_file_of_elsewhere(tmp_path: Path, target: str) -> None:
    """A template may have made a link of it."""
    (tmp_path / "outside.toml").write_text("")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/pyproject.toml").symlink_to(target)
    assert "link that leads out" in lock.write(tmp_path / "app", Path("/bin/false"), {})


def test_what_is_computed_is_no_answer(inline: Run, tmp_path: Path) -> None:
    """A line in the answers file for it is left out, before anything is made from it."""
    project = tmp_path / "my-app"
    with template.offline() as origin:
        template.render_version(
            origin, "v0.2.0", project, {"language": "python", "flavor": "slim", "ci": "github"}
        )
        hidden = source.computed(origin, "v0.2.0")
        assert "ca_mount" in source.computed(origin, "v0.7.0")
    answers = project / ".copier-answers.yml"
    evil = dict.fromkeys({*hidden, "ca_mount", "dockgen_source", "limits"}, "x\nRUN evil\n")
    answers.write_text(answers.read_text() + yaml.safe_dump(evil))
    git("init", "--quiet", cwd=project)
    commit(project)
    done = inline("update", "my-app")
    assert done.returncode == 0, done.stderr
    assert "not kept: " in done.stdout
    for path in project.rglob("*"):
        if path.is_file() and ".git" not in path.relative_to(project).parts[:1]:
            assert b"evil" not in path.read_bytes(), path
