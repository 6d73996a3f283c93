"""`dockgen starter init`: a repository that includes dockgen's templates."""

import errno
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from dockgen import bundle, questions, source, starter, template
from dockgen.errors import DockgenError
from dockgen.matrix import Cell
from dockgen.starter import scaffold
from dockgen.starter.scaffold import Ci, Settings
from tests import linters
from tests.conftest import ROOT, PlainCopier, Render, each_cell, of, tree
from tests.integration.starters import history
from tests.integration.starters.conftest import Run
from tests.integration.update.conftest import git
from tests.table import table

CI_FILES = {Ci.GITHUB: ".github/workflows/ci.yml", Ci.GITLAB: ".gitlab-ci.yml"}


@pytest.fixture(scope="session")
def plain_starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A starter that no one has edited, as a folder."""
    with source.own() as origin:
        settings = Settings("acme", origin.manifest.latest.version)
        files = scaffold.files(origin, settings)
    return scaffold.write(files, tmp_path_factory.mktemp("starter") / "acme")


def test_is_a_repository_with_one_commit(run: Run, person: Path) -> None:
    """On main, with every file in it, also those that a .gitignore in base/ might name."""
    assert run("starter", "init", "acme-starter").code == 0
    made = person / "acme-starter"
    (subject,) = git("log", "--format=%s", "main", cwd=made).splitlines()
    assert re.fullmatch(r"Start from dockgen v\S+", subject)
    assert git("status", "--porcelain", "--ignored", cwd=made) == ""
    assert set(git("ls-files", cwd=made).splitlines()) >= {"copier.yml", "base/copier.yml"}


def test_says_what_to_type_next(run: Run) -> None:
    """Each command is there, in the order to type them."""
    output = run("starter", "init", "acme-starter").output
    commands = [
        "cd acme-starter",
        "dockgen starter test",
        "git tag",
        "git push",
        "starter add acme-",
    ]
    places = [output.index(command) for command in commands]
    assert places == sorted(places)


@each_cell()
def test_renders_what_dockgen_renders(
    plain_starter: Path, plain_copier: PlainCopier, rendered_project: Render, tmp_path: Path,
    cell: Cell,
) -> None:  # fmt: skip
    """Plain copier makes the same files to the byte, and asks for no --trust."""
    made = tree(plain_copier(tmp_path / "my-app", of(cell), plain_starter))
    expected = tree(rendered_project(cell))
    del made[".copier-answers.yml"], expected[".copier-answers.yml"]
    assert made == expected


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_project_s_ci_is_dockgen_s(plain_starter: Path, tmp_path: Path, ci: str) -> None:
    """It checks with the same dockgen; only the scheduled update names the starter."""
    answers = {"name": "my-app", "language": "go", "ci": ci}
    own = tree(template.render(tmp_path / "own", answers, ()).directory)
    with source.working_copy(plain_starter) as origin:
        made = tree(template.render(tmp_path / "made", answers, (), origin).directory)
    changed = {name for name in own | made if own.get(name) != made.get(name)}
    update = {"github": ".github/workflows/update.yml", "gitlab": ".gitlab-ci.yml"}[ci]
    assert changed == {".copier-answers.yml", update}
    assert b"starter add" in made[update]
    assert set(re.findall(rb"DOCKGEN: .*", own[update])) == set(
        re.findall(rb"DOCKGEN: .*", made[update])
    )


def test_copies_nothing_that_it_takes_over(plain_starter: Path) -> None:
    """Each file of a project is a stub: one line, except the Dockerfiles."""
    stubs = sorted((plain_starter / "templates").rglob("*.jinja"))
    assert stubs != []
    long = [path.name for path in stubs if len(path.read_text().splitlines()) > 1]
    assert set(long) == {"Dockerfile.jinja"}


def test_the_copy_is_the_release(plain_starter: Path) -> None:
    """base/ has dockgen's bytes, without the texts of starters."""
    copied = tree(plain_starter / "base")
    assert [name for name in copied if name.startswith("templates/starter/")] == []
    assert {name for name in copied if copied[name] != (ROOT / name).read_bytes()} == set()
    wanted = {f"templates/{name}" for name in tree(ROOT / "templates")}
    missing = {name for name in wanted - set(copied) if "__pycache__" not in name}
    assert {name.split("/")[1] for name in missing} == {"starter"}


def test_languages_can_be_chosen(run: Run, person: Path) -> None:
    """The others can't be chosen, and none of their files are copied."""
    assert run("starter", "init", "two", "--language", "python", "--language", "go").code == 0
    by_name = {entry.name: entry for entry in questions.load(person / "two/copier.yml")}
    assert by_name["language"].choices == ("go", "python")
    assert "['python', 'go']" in str(by_name["language"].default)
    assert [name for name in tree(person / "two") if "/node/" in name] == []
    assert starter.load(person / "two").languages == ("go", "python")


def test_one_language_is_not_asked_for(run: Run, person: Path) -> None:
    """There is nothing to choose, but the answer is recorded."""
    assert run("starter", "init", "one", "--language", "go").code == 0
    by_name = {entry.name: entry for entry in questions.load(person / "one/copier.yml")}
    assert not by_name["language"].asked
    with source.working_copy(person / "one") as origin:
        made = template.render(person / "my-app", {}, ask=(), origin=origin)
    assert made.answers["language"] == "go"


def test_everything_is_recorded(run: Run, person: Path) -> None:
    """So that it can be made again."""
    assert run("starter", "init", "a", "--name", "acme", "--ci", "gitlab").code == 0
    settings = starter.load(person / "a")
    assert (settings.name, settings.ci) == ("acme", "gitlab")
    with source.own() as origin:
        again = scaffold.files(origin, settings)
    assert {name: file.content for name, file in again.items()} == {
        name: content
        for name, content in tree(person / "a").items()
        if not name.startswith(".git/")
    }


def test_questions_name_where_it_comes_from(plain_starter: Path) -> None:
    """The address of dockgen at the version of the copy, and the starter's name."""
    entries = questions.read(plain_starter / "copier.yml")
    with source.own() as origin:
        address = f"git+{origin.manifest.url}@{origin.manifest.latest.version}"
    assert entries["dockgen_source"]["default"] == address
    assert entries["starter_name"]["default"] == "acme"
    assert entries["template_root"]["default"] == "base/"


def test_examples_in_the_questionnaire_work(plain_starter: Path, tmp_path: Path) -> None:
    """With the marks of a comment taken away, it is still one that copier takes."""
    made = tmp_path / "acme"
    shutil.copytree(plain_starter, made)
    head, mark, rest = (made / "copier.yml").read_text().partition("# The rest are examples")
    lines = [
        line[2:] if re.match(r"# ( |[a-z_]+:$)", line) else line for line in rest.splitlines()[1:]
    ]
    (made / "copier.yml").write_text(head + mark + "\n" + "\n".join(lines) + "\n")
    names = {entry.name for entry in questions.load(made / "copier.yml")}
    assert "owner" in names
    assert "ci" not in names
    with source.working_copy(made) as origin:
        rendered = template.render(tmp_path / "my-app", {"language": "go"}, (), origin)
    assert rendered.answers["owner"] == "platform"
    assert (rendered.directory / ".github/workflows/ci.yml").exists()


@pytest.mark.parametrize("ci", Ci, ids=str)
def test_only_the_chosen_ci_is_there(run: Run, person: Path, ci: Ci) -> None:
    """GitHub's is the default."""
    assert run("starter", "init", "a", *([] if ci is Ci.GITHUB else ["--ci", ci])).code == 0
    found = {name for name in CI_FILES.values() if (person / "a" / name).exists()}
    assert found == ({CI_FILES[ci]} if ci in CI_FILES else set())
    words = (person / "a/README.md").read_text()
    assert [name for name in CI_FILES.values() if f"`{name}`" in words] == sorted(found)


@pytest.fixture(scope="session")
def with_ci(tmp_path_factory: pytest.TempPathFactory) -> dict[Ci, Path]:
    """A starter for each CI, of the longest name and a long version."""
    folder = tmp_path_factory.mktemp("ci")
    with source.own() as origin:
        version = origin.manifest.latest.version
        return {
            ci: scaffold.write(
                scaffold.files(origin, Settings("x" * 63, version, ci=ci)), folder / ci
            )
            for ci in CI_FILES
        }


def test_ci_passes_the_linters(with_ci: dict[Ci, Path]) -> None:
    """As the files of a project do."""
    files = {ci: with_ci[ci] / name for ci, name in CI_FILES.items()}
    assert linters.yamllint(files.values()) == ""
    assert linters.schema("github-workflows", [files[Ci.GITHUB]]) == ""
    assert linters.schema("gitlab-ci", [files[Ci.GITLAB]]) == ""
    assert linters.zizmor([with_ci[Ci.GITHUB]]) == ""


def test_workflow_gets_the_least(with_ci: dict[Ci, Path]) -> None:
    """It may read the repository; actions are pinned by commit, to the versions of projects."""
    text = (with_ci[Ci.GITHUB] / CI_FILES[Ci.GITHUB]).read_text()
    facts = yaml.safe_load(text)
    assert facts["permissions"] == {}
    (job,) = facts["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert job["timeout-minutes"] <= 60
    assert job["steps"][0]["with"] == {"persist-credentials": False}
    used = re.findall(r"uses: (.*)", text)
    assert [
        use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
    ] == []
    assert used[0] in (ROOT / "templates/shared/github-ci.yml.jinja").read_text()


def test_ci_installs_the_dockgen_of_the_copy(with_ci: dict[Ci, Path]) -> None:
    """With what its tests need, as pip takes it (PEP 508), from its own repository."""
    github = yaml.safe_load((with_ci[Ci.GITHUB] / CI_FILES[Ci.GITHUB]).read_text())
    gitlab = yaml.safe_load((with_ci[Ci.GITLAB] / CI_FILES[Ci.GITLAB]).read_text())
    (job,) = github["jobs"].values()
    (in_github,) = (step["env"]["DOCKGEN"] for step in job["steps"] if "env" in step)
    wanted = questions.read(with_ci[Ci.GITHUB] / "copier.yml")["dockgen_source"]["default"]
    assert in_github == gitlab["variables"]["DOCKGEN"] == f"dockgen[testing] @ {wanted}"
    assert Requirement(in_github).extras == {"testing"}


def test_only_the_main_branch_keeps_sizes(with_ci: dict[Ci, Path]) -> None:
    """A pull request reads them and must not change what others are compared with."""
    workflow = yaml.safe_load((with_ci[Ci.GITHUB] / CI_FILES[Ci.GITHUB]).read_text())
    (job,) = workflow["jobs"].values()
    for step in job["steps"]:
        uses = step.get("uses", "")
        assert not uses.startswith("actions/cache@")
        if uses.startswith("actions/cache/save@"):
            assert step["if"] == "github.ref == 'refs/heads/main'"
    pipeline = yaml.safe_load((with_ci[Ci.GITLAB] / CI_FILES[Ci.GITLAB]).read_text())
    rules = {rule["variables"]["SIZES"]: rule["if"] for rule in pipeline["test"]["rules"]}
    assert rules["pull-push"] == "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
    assert pipeline["test"]["cache"]["policy"] == "$SIZES"


def test_texts_are_tidy(with_ci: dict[Ci, Path]) -> None:
    """One newline at the end, no trailing blanks, no double blank lines, no mark of ours."""
    for ci, folder in with_ci.items():
        for name in ("README.md", "copier.yml", "starter.toml", ".gitignore", CI_FILES[ci]):
            text = (folder / name).read_text()
            assert text.endswith("\n")
            assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z|\A\n", text), name
            assert not re.search(r"<<|>>|<%|%>|<#", text), name


def test_a_taken_folder_is_refused(run: Run, person: Path) -> None:
    """Nothing is overwritten."""
    (person / "acme").mkdir()
    (person / "acme/mine").touch()
    done = run("starter", "init", "acme")
    assert done.code == 3
    assert "isn't empty" in done.errors
    assert tree(person / "acme") == {"mine": b""}


def test_a_bad_name_is_refused(run: Run, person: Path) -> None:
    """The one that it could never be registered under."""
    for name in ["Acme", "-acme", "dockgen", "a b", ""]:
        assert run("starter", "init", "acme", "--name", name).code == 2
        assert list(person.iterdir()) == []


@table(
    ("folder", "name"), [("acme-starter", "acme-starter"), ("Acme Starter", "acme-starter"),
                         ("1_x_", "x")],
)  # fmt: skip
def test_the_folder_gives_the_name(folder: str, name: str) -> None:
    """Lower case and dashes, a letter first."""
    assert starter.name_for(Path(folder)) == name


def test_inside_of_a_repository_nothing_is_committed(run: Run, person: Path) -> None:
    """It is a folder of that one, then."""
    git("init", "--quiet", cwd=person)
    done = run("starter", "init", "starters/acme")
    assert done.code == 0
    assert not (person / "starters/acme/.git").exists()
    assert "git add --all . && git commit" in done.output


def test_without_an_identity_it_says_what_to_type(
    run: Run, person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are there, and so is git's reason."""
    for variable in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{variable}")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    done = run("starter", "init", "acme")
    assert done.code == 0
    assert "not committed" in done.errors
    assert ".dockgen-staging" not in done.errors
    assert "git commit --message" in done.output
    assert (person / "acme/copier.yml").exists()
    assert git("diff", "--cached", "--name-only", cwd=person / "acme") != ""


def test_a_full_disk_leaves_nothing(
    run: Run, person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it or nothing."""

    def fail(*_: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scaffold, "write", fail)
    done = run("starter", "init", "acme")
    assert done.code == 3
    assert "No space left" in done.errors
    assert list(person.iterdir()) == []


def test_json_has_the_facts(run: Run, person: Path) -> None:
    """It has what was made, and what to type next."""
    facts = json.loads(run("starter", "init", "acme", "--language", "go", "--json").output)
    assert facts["directory"] == str(person / "acme")
    assert (facts["name"], facts["languages"], facts["ci"]) == ("acme", ["go"], "github")
    assert facts["committed"] is True
    assert set(facts["files"]) == {
        name for name in tree(person / "acme") if not name.startswith(".git/")
    }


def test_files_that_jinja_would_change_are_copied(released: None) -> None:
    """A picture is itself; a script that can be run still can."""
    del released
    with source.own() as origin:
        files = scaffold.files(origin, Settings("acme", history.NEW))
    assert files["templates/go/project/logo.png"].content == history.PICTURE
    assert files["templates/go/project/run.sh.jinja"].mode == "100755"
    assert files["base/templates/go/project/run.sh"].mode == "100755"


def test_a_release_without_starters_is_named() -> None:
    """The first ones had no texts for them."""
    with source.own() as origin, pytest.raises(DockgenError, match="they need v0"):
        scaffold.files(origin, Settings("acme", "v0.3.0"))


@table(
    ("text", "words"),
    [
        ("starter = ", "isn't valid TOML"),
        ("", r"no \[starter\] table"),
        ('[starter]\nbase = "v1"', "starter.name is missing"),
        ('[starter]\nname = "a"\nbase = 1', "starter.base is 1, not a text"),
        ('[starter]\nname = "a"\nbase = "v1"\nlanguages = ["rust"]', "not a list of languages"),
        ('[starter]\nname = "a"\nbase = "v1"\nlanguages = []', "not a list of languages"),
        ('[starter]\nname = "a"\nbase = "v1"\nci = "jenkins"', "starter.ci is jenkins"),
    ],
)
def test_a_mistake_in_starter_toml_is_named(tmp_path: Path, text: str, words: str) -> None:
    """With the file, what is wrong, and what to do."""
    (tmp_path / "starter.toml").write_text(text)
    with pytest.raises(DockgenError, match=words) as caught:
        starter.load(tmp_path)
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_a_folder_without_starter_toml_is_no_starter(tmp_path: Path) -> None:
    """It says how to make one."""
    with pytest.raises(DockgenError, match="isn't a starter template") as caught:
        starter.load(tmp_path)
    assert caught.value.hint == "create one: dockgen starter init"


def test_the_bundle_has_the_texts() -> None:
    """An installed dockgen has no other place to take them from."""
    with source.own() as origin:
        assert bundle.read_releases(origin.repository)[-1] == origin.manifest.latest
        files = scaffold.files(origin, Settings("a", origin.manifest.latest.version))
    assert {"README.md", "copier.yml", "starter.toml", ".gitattributes"} <= set(files)
