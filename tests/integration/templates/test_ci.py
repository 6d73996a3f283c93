"""What `--ci` renders: the files of the chosen system only, without findings of any linter.

tests/images/test_ci.py checks the workflows with actionlint.
"""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterable
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from dockgen import template
from dockgen.matrix import Language
from tests import linters
from tests.conftest import Run, tree

GITHUB = {
    ".github/dependabot.yml",
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    ".github/workflows/update.yml",
}
GITLAB = {".gitlab-ci.yml", "renovate.json"}
FILES = {"none": set[str](), "github": GITHUB, "gitlab": GITLAB}
WORKFLOWS = ["ci", "release", "update"]

# What the jobs of each may have at most.
PERMISSIONS = {
    "ci": {
        ("actions", "read"),
        ("contents", "read"),
        ("pull-requests", "write"),
        ("security-events", "write"),
    },
    "release": {("contents", "read"), ("packages", "write")},
    "update": {("contents", "read"), ("contents", "write"), ("pull-requests", "write")},
}

Projects = dict[str, Path]


@pytest.fixture(scope="session")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Projects]:
    """A project of each language for each answer, of the longest name there may be.

    Flavors have the same files.
    """
    folder = tmp_path_factory.mktemp("projects")
    return {
        language: {
            ci: template.render(
                folder / language / ci / "project",
                {"name": "x" * 63, "language": str(language), "ci": ci},
                ask=(),
            ).directory
            for ci in FILES
        }
        for language in Language
    }


@pytest.fixture(params=Language, ids=str)
def language(request: pytest.FixtureRequest) -> Language:
    """Each."""
    chosen: Language = request.param
    return chosen


@pytest.fixture
def projects(every: dict[Language, Projects], language: Language) -> Projects:
    """Those of the language."""
    return every[language]


def files(projects: Iterable[Projects], pattern: str) -> list[Path]:
    """Return the CI files of all these projects whose paths match."""
    return [
        made[ci] / name
        for made in projects
        for ci in made
        for name in sorted(FILES[ci])
        if fnmatch(name, pattern)
    ]


def test_only_the_chosen_files_are_added(projects: dict[str, Path]) -> None:
    """Everything else is the same to the byte, except the answer and the way to leave dockgen."""
    for ci in FILES:
        files, plain = tree(projects[ci]), tree(projects["none"])
        assert set(files) - set(plain) == FILES[ci]
        assert set(plain) - set(files) == set()
        differing = {name for name in plain if files[name] != plain[name]}
        assert differing == ({".copier-answers.yml", "README.md"} if ci != "none" else set())
        assert yaml.safe_load(files[".copier-answers.yml"])["ci"] == ci


def without_dockgen(workflow: Any) -> Any:
    """Return a workflow without what the README says to remove."""
    named = {"update", "report", ".hold-to-dockgen-toml", "DOCKGEN"}
    if isinstance(workflow, dict):
        return {key: without_dockgen(part) for key, part in workflow.items() if key not in named}
    if not isinstance(workflow, list):
        return workflow
    return [
        without_dockgen(part)
        for part in workflow
        # The rule `not-in-updates`, and lines of `.hold-to-dockgen-toml`, which are a list.
        if not (isinstance(part, dict) and part.get("name") == "Hold the image to dockgen.toml")
        and not (isinstance(part, dict) and "$DOCKGEN_UPDATE" in part.get("if", ""))
        and not isinstance(part, list)
    ]


def test_leaving_dockgen_is_what_the_read_me_says(projects: dict[str, Path]) -> None:
    """Without what it names, no file says a word of dockgen; a comment may say where it was."""
    for ci in FILES:
        left = tree(projects[ci])
        leaving = left.pop("README.md").decode().partition("## Leave dockgen\n")[2]
        for name in re.findall(r"`([\w./-]+)`", leaving.partition(". ")[0]):
            del left[name]
        for name, content in left.items():
            text = content.decode()
            if name.endswith(".yml") and name in FILES[ci]:
                text = yaml.safe_dump(without_dockgen(yaml.safe_load(text)))
            assert "dockgen" not in text.lower(), name
        for words in ("update", "not-in-updates", "DOCKGEN", ".hold-to-dockgen-toml"):
            assert (f"`{words}`" in leaving) == (ci == "gitlab")
        assert ("Hold the image to dockgen.toml" in leaving.replace("\n", " ")) == (ci == "github")


def test_the_default_is_none(inline: Run, tmp_path: Path) -> None:
    """A project that is updated unattended stays as it is."""
    assert inline("new", "my-app", "--defaults").returncode == 0
    assert not (GITHUB | GITLAB) & set(tree(tmp_path / "my-app"))


def test_it_is_a_flag(inline: Run, tmp_path: Path) -> None:
    """`--ci gitlab`; what it can't be is refused."""
    assert inline("new", "my-app", "--defaults", "--ci", "gitlab").returncode == 0
    assert set(tree(tmp_path / "my-app")) >= GITLAB
    assert inline("new", "other", "--defaults", "--ci", "jenkins").returncode == 2


def test_unmanaged_ci_files_are_left_out(inline: Run, tmp_path: Path) -> None:
    """A project may keep its own workflow."""
    unmanaged = "unmanaged=[.github/workflows/ci.yml]"
    done = inline("new", "my-app", "--defaults", "--ci", "github", "-d", unmanaged)
    assert done.returncode == 0
    assert set(tree(tmp_path / "my-app")) & GITHUB == GITHUB - {".github/workflows/ci.yml"}


def test_is_tidy(projects: dict[str, Path]) -> None:
    """One newline at the end, no trailing blanks, no double blank lines, no trace of Jinja."""
    for ci in ["github", "gitlab"]:
        for name in FILES[ci]:
            text = (projects[ci] / name).read_text()
            assert text.endswith("\n")
            assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z|\A\n", text), name
            assert not re.search(r"(?<!\$)\{\{|\{%|\{#", text), name


def test_passes_yamllint(every: dict[Language, Projects]) -> None:
    """With the longest name, too."""
    assert linters.yamllint(files(every.values(), "*.yml")) == ""


# What the files of each schema are called.
SCHEMAS = {
    "github-workflows": ".github/workflows/*.yml",
    "dependabot": ".github/dependabot.yml",
    "gitlab-ci": ".gitlab-ci.yml",
    "renovate": "renovate.json",
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_keeps_to_its_schema(every: dict[Language, Projects], schema: str) -> None:
    """Unknown keys and wrong values are mistakes."""
    assert linters.schema(schema, files(every.values(), SCHEMAS[schema])) == ""


def test_each_file_has_a_schema() -> None:
    """None is left out."""
    named = {
        name for name in GITHUB | GITLAB for pattern in SCHEMAS.values() if fnmatch(name, pattern)
    }
    assert named == GITHUB | GITLAB


def test_passes_zizmor(every: dict[Language, Projects]) -> None:
    """No finding of any of its security audits."""
    assert linters.zizmor(made["github"] for made in every.values()) == ""


def test_zizmor_would_find_something(every: dict[Language, Projects], tmp_path: Path) -> None:
    """The same call complains about an action that is not pinned, in the second of two projects."""
    plain = every[Language.GO]["github"]
    shutil.copytree(plain, tmp_path / "project")
    workflow = tmp_path / "project/.github/workflows/ci.yml"
    workflow.write_text(re.sub(r"checkout@\w+ # \S+", "checkout@v7", workflow.read_text()))
    assert "unpinned-uses" in linters.zizmor([plain, tmp_path / "project"])


def test_actions_are_pinned_by_commit(projects: dict[str, Path]) -> None:
    """With the version beside it, which Dependabot keeps up."""
    for workflow in WORKFLOWS:
        text = (projects["github"] / f".github/workflows/{workflow}.yml").read_text()
        used = re.findall(r"uses: (.*)", text)
        assert used != []
        assert [
            use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
        ] == []


def test_jobs_get_the_least(projects: dict[str, Path]) -> None:
    """No permission but what a job names, an end to each job, no credentials left behind."""
    for workflow in WORKFLOWS:
        facts = yaml.safe_load(
            (projects["github"] / f".github/workflows/{workflow}.yml").read_text()
        )
        assert facts["permissions"] == {}
        assert "concurrency" in facts
        for job in facts["jobs"].values():
            assert job["timeout-minutes"] <= 30
            assert set(job["permissions"].items()) <= PERMISSIONS[workflow]
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False


def test_both_systems_hold_the_image_to_its_limits(projects: dict[str, Path]) -> None:
    """By the dockgen that made the project, from the address in its answers: no package index."""
    answers = yaml.safe_load((projects["github"] / ".copier-answers.yml").read_text())
    source = f"git+{answers['_src_path']}@{answers['_commit']}"
    for ci, name in (
        ("github", ".github/workflows/ci.yml"),
        ("github", ".github/workflows/release.yml"),
        ("gitlab", ".gitlab-ci.yml"),
    ):
        text = (projects[ci] / name).read_text()
        assert f"DOCKGEN: {source}\n" in text.replace('"', "")
        assert 'pipx run --spec "$DOCKGEN" dockgen check --image checked' in text


def test_releases_are_attested_and_for_both_architectures(projects: dict[str, Path]) -> None:
    """SBOM, full provenance, amd64 and arm64 without emulation, and no cache."""
    for ci, name in [("github", ".github/workflows/release.yml"), ("gitlab", ".gitlab-ci.yml")]:
        text = (projects[ci] / name).read_text()
        if ci == "gitlab":
            text = text[text.index("\nrelease:") :]
        assert re.search(r"sbom[:=] ?true", text)
        assert re.search(r"provenance[:=] ?mode=max", text)
        assert "amd64" in text
        assert "arm64" in text
        assert "qemu" not in text
        assert "cache-from" not in text


def test_dependabot_watches_image_actions_and_packages(
    projects: dict[str, Path], language: Language
) -> None:
    """Each week, and nothing that is younger than one."""
    ecosystem = {Language.GO: "gomod", Language.PYTHON: "pip", Language.NODE: "npm"}[language]
    facts = yaml.safe_load((projects["github"] / ".github/dependabot.yml").read_text())
    updates = facts["updates"]
    assert [update["package-ecosystem"] for update in updates] == [
        "docker", "github-actions", ecosystem
    ]  # fmt: skip
    assert {update["schedule"]["interval"] for update in updates} == {"weekly"}
    assert {update["cooldown"]["default-days"] for update in updates} == {7}


@pytest.fixture(scope="session")
def starters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects of a team's own template, which says where dockgen comes from."""
    folder = tmp_path_factory.mktemp("starters")
    answers = {
        "name": "x" * 63,
        "language": "go",
        "starter_name": "acme",
        "dockgen_source": "git+ssh://git@git.example.com/tools/dockgen.git@v0.4.0",
    }
    return {
        ci: template.render(folder / ci / "project", {**answers, "ci": ci}, ask=()).directory
        for ci in ("github", "gitlab")
    }


def test_a_team_s_template_is_added_first(starters: dict[str, Path]) -> None:
    """By its name, from the address in the answers."""
    answers = yaml.safe_load((starters["github"] / ".copier-answers.yml").read_text())
    for ci, name in (("github", ".github/workflows/update.yml"), ("gitlab", ".gitlab-ci.yml")):
        text = (starters[ci] / name).read_text()
        added = text.index('dockgen starter add "$STARTER" "$ADDRESS"')
        assert added < text.index("dockgen update --json")
        assert 'STARTER: "acme"\n' in text
        assert f'ADDRESS: "{answers["_src_path"]}"\n' in text
        assert "starter_name" not in answers


def test_updates_come_by_the_newest_dockgen(
    projects: dict[str, Path], starters: dict[str, Path]
) -> None:
    """From the same address as the pinned one that checks, without its version."""
    address = "git+ssh://git@git.example.com/tools/dockgen.git"
    github = yaml.safe_load((starters["github"] / ".github/workflows/update.yml").read_text())
    assert github["jobs"]["update"]["env"]["NEWEST"] == address
    gitlab = yaml.safe_load((starters["gitlab"] / ".gitlab-ci.yml").read_text())
    assert gitlab["update"]["variables"]["DOCKGEN"] == address
    assert gitlab["variables"]["DOCKGEN"] == f"{address}@v0.4.0"
    plain = yaml.safe_load((projects["gitlab"] / ".gitlab-ci.yml").read_text())
    url = yaml.safe_load((projects["gitlab"] / ".copier-answers.yml").read_text())["_src_path"]
    assert plain["update"]["variables"]["DOCKGEN"] == f"git+{url}"


def test_files_of_a_team_s_template_pass_the_linters(starters: dict[str, Path]) -> None:
    """With the lines that no other project has."""
    assert linters.zizmor([starters["github"]]) == ""
    assert linters.yamllint(files([starters], "*.yml")) == ""
    for schema in ("github-workflows", "gitlab-ci"):
        assert linters.schema(schema, files([starters], SCHEMAS[schema])) == ""
    for path in files([starters], "*.yml"):
        assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z", path.read_text()), path


def script(project: Path, job: str, step: str) -> str:
    """Return the script of a step in GitHub's ci workflow."""
    facts = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())
    (found,) = [one["run"] for one in facts["jobs"][job]["steps"] if one.get("name") == step]
    return str(found)


def run(words: str, folder: Path, tool: str, program: str) -> tuple[int, str]:
    """Run a script as GitHub does, with that program for one tool; its exit code, and its calls."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / tool).write_text(
        f'#!/bin/bash\nprintf "%s\\n" "$*" >> "{folder}/calls"\n{program}\n'
    )
    (folder / "bin" / tool).chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", words],
        env={
            "PATH": f"{folder}/bin:/usr/bin:/bin", "RUNNER_TEMP": str(folder), "DOCKGEN": "x",
            "GITHUB_STEP_SUMMARY": f"{folder}/summary", "GITHUB_OUTPUT": f"{folder}/output",
            "GITHUB_REPOSITORY": "acme/app", "NUMBER": "7",
        },
        cwd=folder, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, (folder / "calls").read_text()


# What `dockgen check` leaves when something was found.
FOUND = 'echo "<!-- mark -->" > "$RUNNER_TEMP/reports/report.md"; exit 1'


def test_a_report_is_handed_on_when_something_was_found(
    every: dict[Language, Projects], tmp_path: Path
) -> None:
    """The job still fails; the report is compared with that of the default branch."""
    words = script(every[Language.GO]["github"], "check", "Hold the image to dockgen.toml")
    code, calls = run(words, tmp_path, "pipx", FOUND)
    assert (code, "--baseline" in calls) == (1, False)
    assert (tmp_path / "summary").read_text() == "<!-- mark -->\n"
    assert (tmp_path / "output").read_text() == "written=true\n"
    (tmp_path / "reports/report.json").write_text("{}")
    _, calls = run(words, tmp_path, "pipx", FOUND)
    assert f"--baseline {tmp_path}/former.json" in calls


def test_nothing_is_handed_on_without_a_report(
    every: dict[Language, Projects], tmp_path: Path
) -> None:
    """As when the engine is missing."""
    words = script(every[Language.GO]["github"], "check", "Hold the image to dockgen.toml")
    code, _ = run(words, tmp_path, "pipx", "exit 4")
    assert code == 4
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("known", [True, False], ids=["renewed", "first"])
def test_a_comment_is_renewed(every: dict[Language, Projects], tmp_path: Path, known: bool) -> None:
    """Ours, which is found by its first line."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report/report.md").write_text("<!-- mark -->\n\nwords\n")
    listing = f'[[ "$*" == *--paginate* ]] && echo "{"there" if known else ""}"\ntrue'
    words = script(every[Language.GO]["github"], "report", "Comment on the pull request")
    code, calls = run(words, tmp_path, "gh", listing)
    assert code == 0
    listed, written = calls.splitlines()
    assert "repos/acme/app/issues/7/comments" in listed
    method = "PATCH there" if known else "POST repos/acme/app/issues/7/comments"
    assert f"--method {method} --field body=@{tmp_path}/report/report.md" in written


class _GitLab(BaseHTTPRequestHandler):
    """The part of GitLab's API that comments: notes in pages of two, and what was written."""

    notes: ClassVar[list[dict[str, Any]]] = []
    written: ClassVar[list[tuple[str, str, str]]] = []

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if self.headers["PRIVATE-TOKEN"] != "token":
            self._send(None, 401)
        elif place.path.endswith("/user"):
            self._send({"id": 7})
        else:
            page = int(parse_qs(place.query)["page"][0])
            self._send(self.notes[2 * page - 2 : 2 * page])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.written.append((self.command, self.path, parse_qs(body)["body"][0]))
        self._send({}, 201)

    do_PUT = do_POST  # noqa: N815 - the server calls it so

    def _send(self, answer: object, status: int = 200) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _note(number: int, author: int, words: str) -> dict[str, Any]:
    return {"id": number, "author": {"id": author}, "body": words}


OTHERS = [_note(1, 7, "words"), _note(2, 8, "<!-- mark -->"), _note(3, 8, "more")]


@pytest.mark.parametrize(
    ("notes", "method", "place"),
    [(OTHERS, "POST", ""), ([*OTHERS, _note(4, 7, "<!-- mark -->\nold")], "PUT", "/4")],
    ids=["first", "renewed"],
)
def test_gitlab_s_comment_is_renewed(
    every: dict[Language, Projects],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    notes: list[dict[str, Any]],
    method: str,
    place: str,
) -> None:
    """Ours, on whichever page: by the token's own user, found by its first line."""
    report = tmp_path / "reports/report.md"
    report.parent.mkdir()
    report.write_text("<!-- mark -->\n\n50 % & more\n")
    monkeypatch.setattr(_GitLab, "notes", notes)
    monkeypatch.setattr(_GitLab, "written", [])
    job = yaml.safe_load((every[Language.GO]["gitlab"] / ".gitlab-ci.yml").read_text())["report"]
    with ThreadingHTTPServer(("127.0.0.1", 0), _GitLab) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        done = subprocess.run(
            ["sh", "-euc", "\n".join(job["script"])],
            env={"PATH": "/usr/bin:/bin", "DOCKGEN_COMMENTS": "token", "CI_API_V4_URL": address,
                 "NOTES": f"{address}/notes"},
            cwd=tmp_path, timeout=60, check=False, capture_output=True, text=True,
        )  # fmt: skip
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert _GitLab.written == [(method, f"/notes{place}", report.read_text())]


def test_gitlab_compares_with_the_default_branch(every: dict[Language, Projects]) -> None:
    """Its report is in the cache, which no merge request writes, and in no build."""
    project = every[Language.GO]["gitlab"]
    job = yaml.safe_load((project / ".gitlab-ci.yml").read_text())["check"]
    policies = {rule["if"]: rule.get("variables", {}).get("FORMER") for rule in job["rules"]}
    assert policies['$CI_PIPELINE_SOURCE == "merge_request_event"'] == "pull"
    assert job["cache"]["policy"] == "$FORMER"
    assert job["cache"]["paths"] == [".former/report.json"]
    assert ".*" in (project / ".dockerignore").read_text().splitlines()
