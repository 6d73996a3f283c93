"""What the rendered CI does with an update: its own scripts, run on real git and a real project.

pipx and gh are faked: one starts this dockgen, the other records its calls.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import template
from tests.conftest import PLAIN, ROOT
from tests.integration.update.conftest import commit, edit, git

BRANCH = "dockgen-update"
SECRET = "0" * 20
BOT = "41898282+github-actions[bot]@users.noreply.github.com"

PIPX = f"""\
#!/bin/sh
test "$1 $2" = "run --spec" && test "$4" = dockgen || exit 9
echo "pipx $3 token=${{GH_TOKEN-}}${{DOCKGEN_TOKEN-}}${{ORIGIN-}}" >>"$LOG"
shift 4
exec {sys.executable} -m dockgen "$@"
"""
GH = """\
#!/bin/sh
echo "gh $*" >>"${LOG:-/dev/null}"
case "$1 $2" in
"pr list") cat "$LOG.number" 2>/dev/null || true ;;
"pr create") echo 7 >"$LOG.number"; cat "$8" >"$LOG.body" ;;
"pr edit") cat "$7" >"$LOG.body" ;;
esac
"""
HOOK = """\
#!/bin/sh
env | sed -n 's/^GIT_PUSH_OPTION_[0-9]*=/option /p' | sort >>"${LOG:-/dev/null}"
"""


def program(path: Path, text: str) -> None:
    """Write a program."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class Host:
    """A project of release 0.3.0 at a host, and a fresh clone of it for each run."""

    def __init__(self, folder: Path, ci: str) -> None:
        self.folder = folder
        self.origin = folder / "origin.git"
        self.log = folder / "log"
        self.own = folder / "own/my-app"
        with template.offline() as manifest:
            answers = {"name": "my-app", "language": "go", "flavor": "scratch", "ci": ci}
            template.render_version(manifest, "v0.3.0", self.own, answers)
        git("init", "--quiet", "--initial-branch=main", cwd=self.own)
        commit(self.own)
        git("init", "--quiet", "--bare", "--initial-branch=main", self.origin, cwd=folder)
        git("config", "receive.advertisePushOptions", "true", cwd=self.origin)
        program(self.origin / "hooks/pre-receive", HOOK)
        git("remote", "add", "origin", self.origin.as_uri(), cwd=self.own)
        self.push()
        program(folder / "bin/pipx", PIPX)
        program(folder / "bin/gh", GH)
        program(folder / "bin/apk", "#!/bin/sh\n")

    def push(self) -> None:
        """Bring the owner's branch to the host."""
        git("push", "--quiet", "origin", "HEAD:main", cwd=self.own)

    def run(
        self, *scripts: str, interpreter: str, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run scripts one after the other in a new clone, as a runner does."""
        clone = self.folder / f"clone{len(list(self.folder.glob('clone*')))}"
        git("clone", "--quiet", "--depth=1", self.origin.as_uri(), clone, cwd=self.folder)
        temporary = self.folder / "temporary"
        temporary.mkdir(exist_ok=True)
        for script in scripts:
            # GitLab's container is the job's own; this machine isn't.
            own = script.replace("/tmp/update.json", f"{temporary}/update.json")
            done = subprocess.run(
                [interpreter, "-e", "-c", own],
                cwd=clone,
                env=PLAIN | {
                    "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "LOG": str(self.log),
                    "RUNNER_TEMP": str(temporary), "PYTHONPATH": str(ROOT / "src"),
                    "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
                } | environment,
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            if done.returncode:
                break
        return done

    def commits(self) -> list[str]:
        """Return the branch's commits that aren't on main: author's address and title."""
        listed = git("log", f"main..{BRANCH}", "--format=%ae %s", cwd=self.origin)
        return listed.splitlines()

    def logged(self) -> list[str]:
        """Return the calls of the programs."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The files of both systems, as they are rendered today."""
    folder = tmp_path_factory.mktemp("facts")
    files = {"github": ".github/workflows/update.yml", "gitlab": ".gitlab-ci.yml"}
    return {
        ci: yaml.safe_load(
            (
                template.render(folder / ci, {"language": "go", "ci": ci}, ask=()).directory / name
            ).read_text()
        )
        for ci, name in files.items()
    }


def scripts(job: dict[str, Any]) -> list[str]:
    """Return what a job runs besides actions."""
    return [step["run"] for step in job["steps"] if "run" in step]


class TestGitHub:
    """.github/workflows/update.yml."""

    def run(self, host: Host, facts: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        """Run the jobs, each in a clone of its own; the one with the token has what was left it."""
        update, propose = (facts["github"]["jobs"][name] for name in ("update", "propose"))
        (output,) = update["outputs"]
        written = host.folder / "output"
        written.unlink(missing_ok=True)
        shutil.rmtree(host.folder / "temporary", ignore_errors=True)
        host.log.unlink(missing_ok=True)
        first = host.run(
            *scripts(update), interpreter="bash",
            NEWEST=update["env"]["NEWEST"], DOCKGEN="", GITHUB_OUTPUT=str(written),
        )  # fmt: skip
        if first.returncode or not written.exists():
            return first
        assert written.read_text() == f"{output}=true\n"
        return host.run(*scripts(propose), interpreter="bash", GH_TOKEN=SECRET)

    def test_no_job_with_a_token_runs_what_was_fetched(self, facts: dict[str, Any]) -> None:
        """The job with dockgen can only read and has no secret; the other one runs only git."""
        update, propose = (facts["github"]["jobs"][name] for name in ("update", "propose"))
        assert update["permissions"] == {"contents": "read"}
        assert "secrets." not in str(update)
        assert "TOKEN" not in str(update)
        assert "pipx" not in str(propose)
        assert "env" not in propose
        for job in (update, propose):
            assert job["steps"][0]["with"] == {"persist-credentials": False}

    def test_opens_a_pull_request(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """One commit on a branch, with what became of each file; ready to be merged."""
        host = Host(tmp_path, "github")
        done = self.run(host, facts)
        assert done.returncode == 0, done.stdout + done.stderr
        (made,) = host.commits()
        assert made.startswith(f"{BOT} Update the templates to v")
        assert host.logged()[0] == "pipx git+https://dockgen.invalid/dockgen.git token="
        assert [line.partition(" --")[0] for line in host.logged()[1:]] == [
            "gh auth setup-git", "gh pr list", "gh pr create", f"gh pr ready {BRANCH}"
        ]  # fmt: skip
        body = (tmp_path / "log.body").read_text()
        assert body.startswith("| file | |\n|---|---|\n")
        assert "| `.copier-answers.yml` | clean |\n" in body
        assert "unchanged" not in body

    def test_renews_it(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """Never a second one; and where nothing is new, nothing is pushed."""
        host = Host(tmp_path, "github")
        self.run(host, facts)
        before = git("rev-parse", BRANCH, cwd=host.origin)
        assert self.run(host, facts).returncode == 0
        assert git("rev-parse", BRANCH, cwd=host.origin) == before
        (host.own / "more.go").write_text("package main\n")
        commit(host.own)
        host.push()
        assert self.run(host, facts).returncode == 0
        assert (
            git("rev-parse", f"{BRANCH}^", "main", cwd=host.origin).split()[0]
            == git("rev-parse", "main", cwd=host.origin).strip()
        )
        assert any(line.startswith("gh pr edit 7 ") for line in host.logged())
        assert not any(line.startswith("gh pr create") for line in host.logged())

    def test_a_conflict_is_a_draft(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """The body names the file, and the branch has both sides."""
        host = Host(tmp_path, "github")
        edit(host.own / ".github/workflows/ci.yml", "git+https:", "git+ssh:")
        commit(host.own)
        host.push()
        done = self.run(host, facts)
        assert done.returncode == 0, done.stdout + done.stderr
        assert host.logged()[-1] == f"gh pr ready {BRANCH} --undo"
        assert "\n- `.github/workflows/ci.yml`\n" in (tmp_path / "log.body").read_text()
        assert "<<<<<<<" in git("show", f"{BRANCH}:.github/workflows/ci.yml", cwd=host.origin)

    def test_a_person_s_commits_stay(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """A resolved conflict on the branch survives the next run."""
        host = Host(tmp_path, "github")
        self.run(host, facts)
        git("fetch", "--quiet", "origin", BRANCH, cwd=host.own)
        git("checkout", "--quiet", "-b", BRANCH, "FETCH_HEAD", cwd=host.own)
        commit(host.own, "Mend")
        git("push", "--quiet", "origin", BRANCH, cwd=host.own)
        done = self.run(host, facts)
        assert (done.returncode, "has other commits" in done.stdout) == (0, True)
        assert len(host.commits()) == 2
        assert not any(line.startswith(("gh pr create", "gh pr edit")) for line in host.logged())

    def test_a_branch_that_is_done_with_is_used_again(
        self, tmp_path: Path, facts: dict[str, Any]
    ) -> None:
        """If merged branches aren't deleted, a person's last commit is not in the way."""
        host = Host(tmp_path, "github")
        git("checkout", "--quiet", "-b", BRANCH, cwd=host.own)
        commit(host.own, "Mend")
        git("push", "--quiet", "origin", BRANCH, cwd=host.own)
        assert self.run(host, facts).returncode == 0
        (made,) = host.commits()
        assert made.startswith(BOT)

    def test_up_to_date(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """No pull request is opened."""
        host = Host(tmp_path, "github")
        self.run(host, facts)
        git("update-ref", "refs/heads/main", BRANCH, cwd=host.origin)
        done = self.run(host, facts)
        assert (done.returncode, done.stdout) == (0, "The project is up to date.\n")
        assert not any("gh" in line.split()[0] for line in host.logged())

    def test_a_failure_is_one(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """If dockgen fails, the job ends before anything is pushed."""
        host = Host(tmp_path, "github")
        edit(host.own / ".copier-answers.yml", "https://dockgen.invalid", "https://other.invalid")
        commit(host.own)
        host.push()
        done = self.run(host, facts)
        assert done.returncode == 3
        assert "error:" in done.stderr
        assert not any("gh" in line.split()[0] for line in host.logged())


class TestGitLab:
    """The job `update` in .gitlab-ci.yml."""

    def run(self, host: Host, facts: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        """Run the job."""
        job = facts["gitlab"]["update"]
        host.log.unlink(missing_ok=True)
        return host.run(
            "\n".join([*job["before_script"], *job["script"]]), interpreter="sh",
            DOCKGEN=job["variables"]["DOCKGEN"], BRANCH=BRANCH, EMAIL="dockgen@gitlab",
            ORIGIN=host.origin.as_uri(), DOCKGEN_TOKEN=SECRET, CI_DEFAULT_BRANCH="main",
        )  # fmt: skip

    def test_opens_a_merge_request(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """By options of the push; dockgen never sees the token."""
        host = Host(tmp_path, "gitlab")
        done = self.run(host, facts)
        assert done.returncode == 0, done.stdout + done.stderr
        (made,) = host.commits()
        title = made.removeprefix("dockgen@gitlab ")
        assert title.startswith("Update the templates to v")
        first, create, description, remove, target, named = host.logged()
        assert first == "pipx git+https://dockgen.invalid/dockgen.git token="
        assert create == "option merge_request.create"
        assert "`.copier-answers.yml`: clean" in description
        assert remove == "option merge_request.remove_source_branch"
        assert target == "option merge_request.target=main"
        assert named == f"option merge_request.title={title}"

    def test_a_conflict_is_a_draft(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """The title says so, and the description."""
        host = Host(tmp_path, "gitlab")
        edit(host.own / ".gitlab-ci.yml", "git+https:", "git+ssh:")
        commit(host.own)
        host.push()
        done = self.run(host, facts)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "option merge_request.title=Draft: Update" in "\n".join(host.logged())
        assert "`.gitlab-ci.yml`: conflict" in "\n".join(host.logged())

    def test_a_person_s_commits_stay(self, tmp_path: Path, facts: dict[str, Any]) -> None:
        """As at GitHub."""
        host = Host(tmp_path, "gitlab")
        self.run(host, facts)
        git("fetch", "--quiet", "origin", BRANCH, cwd=host.own)
        git("checkout", "--quiet", "-b", BRANCH, "FETCH_HEAD", cwd=host.own)
        commit(host.own, "Mend")
        git("push", "--quiet", "origin", BRANCH, cwd=host.own)
        done = self.run(host, facts)
        assert (done.returncode, "has other commits" in done.stdout) == (0, True)
        assert len(host.commits()) == 2

    def test_nothing_else_runs_then(self, facts: dict[str, Any]) -> None:
        """The other jobs stay away from a pipeline that is for the update."""
        jobs = {name: job for name, job in facts["gitlab"].items() if "rules" in job}
        wanted = '$CI_PIPELINE_SOURCE == "schedule" && $DOCKGEN_UPDATE'
        first = {name: job["rules"][0] for name, job in jobs.items() if name != "workflow"}
        assert first.pop("update") == {"if": wanted}
        assert "merge_request_event" in first.pop("report")["if"]
        assert first == {
            name: {"if": wanted, "when": "never"} for name in ("check", "release", "publish")
        }
