"""A starter's names, links and filters: what it makes stays in the project, and runs nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dockgen import apply, source, starters, template
from dockgen.errors import DockgenError, ProjectError
from dockgen.git import tree
from dockgen.inside import Folder, Inside, OutsideError, Saved, is_git
from dockgen.starters import Starter
from dockgen.template import rendered
from tests.integration.update.conftest import PERSON, commit, git
from tests.table import table

# Copier leaves the folder open that it walks when a template is refused.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

QUESTIONS = """\
_subdirectory: project
name: {type: str, default: my-app}
git: {type: str, default: .git, when: false}
"""
ANSWERS = "project/{{ _copier_conf.answers_file }}.jinja"
VICTIM = "the victim's own\n"

REFUSED = [
    "", "/", "/etc/passwd", "..", "../x", "a/../x", "a/..", ".", "./a", "a/.", "a//b", "a/", "a\0b",
    ".git", ".git/config", "a/.git/hooks/x", ".GIT/config", ".Git", "git~1", "GIT~1/config",
    ".git ", ".git.", ".git . .", "git~1.", ".git::$INDEX_ALLOCATION", ".git:x", ".git ::$DATA/x",
    "a\\.git\\config", ".git\\config", "..\\.GIT", ".g\u200cit", "\ufeff.git", ".gi\u206ft/config",
]  # fmt: skip
ALLOWED = [
    "a", "a/b", ".gitignore", ".github/x", ".gitattributes", "..a", "a..", "...", "git", "git~2",
    "a.git", ".git2", "x.git/config", "a b", "a\\b", "caf\udce9", ".gitmodules", "\u00e9",
]  # fmt: skip


@table("name", REFUSED)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """As text, and as git has it."""
    with pytest.raises(OutsideError):
        Inside.of(name)
    with pytest.raises(OutsideError):
        Inside.of(os.fsencode(name))


@table("name", ALLOWED)
def test_a_name_that_is_only_odd_is_a_name(name: str) -> None:
    """It stays as it is."""
    assert str(Inside.of(name)) == name


def test_git_itself_refuses_no_more(tmp_path: Path) -> None:
    """Every name that git keeps out of its index is refused."""
    git("init", "--quiet", cwd=tmp_path)
    blob = git("hash-object", "-w", "copier.yml", cwd=_with_file(tmp_path)).strip()
    refused = 0
    for base in (".git", "git~1", ".GIT", ".g\u200cit", "g\u200cit~1", "git", ".gitx", "git~2"):
        for end in ("", " ", ".", " . ", ":x", "::$INDEX_ALLOCATION", "\\x", "x", "/x"):
            done = subprocess.run(
                [
                    "git", "-c", "core.protectHFS=true", "-c", "core.protectNTFS=true",
                    "update-index", "--add", "--replace", "--cacheinfo",
                    f"100644,{blob},{base}{end}",
                ],
                cwd=tmp_path, capture_output=True, check=False,
            )  # fmt: skip
            if done.returncode != 0:
                refused += 1
                assert any(map(is_git, f"{base}{end}".split("/"))), base + end
    assert refused > 20


def _with_file(folder: Path) -> Path:
    (folder / "copier.yml").touch()
    return folder


def _raw_tree(repository: Path, files: dict[str, bytes], kept: str = "") -> str:
    """Store a tree that git would make from no folder; ``kept`` is one whose files it has, too."""

    def run(*arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *arguments], cwd=repository, input=given, capture_output=True, check=True
        ).stdout

    rows = []
    for line in filter(None, run("ls-tree", "-z", kept).split(b"\0") if kept else ()):
        facts, _, name = line.partition(b"\t")
        mode, _, stored = facts.decode().split()
        rows.append((mode.lstrip("0").encode(), name, stored))
    for text, content in files.items():
        blob = run("hash-object", "-w", "--stdin", given=content).decode().strip()
        rows.append((b"100644", os.fsencode(text), blob))
    raw = b"".join(
        mode + b" " + name + b"\0" + bytes.fromhex(blob)
        for mode, name, blob in sorted(rows, key=lambda row: row[1])
    )
    words = ("hash-object", "-t", "tree", "--literally", "-w", "--stdin")
    return run(*words, given=raw).decode().strip()


class Template:
    """A starter's repository, small, and as its author wants it."""

    def __init__(self, folder: Path) -> None:
        """Make it, with nothing in it but an answers file."""
        self.folder = folder
        folder.mkdir(parents=True)
        git("init", "--quiet", "--initial-branch=main", cwd=folder)
        self.write("copier.yml", QUESTIONS)
        self.write(ANSWERS, "{{ _copier_answers | to_nice_yaml -}}\n")

    def write(self, name: str, content: str = "x\n") -> None:
        """Write a file."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(content)

    def link(self, name: str, target: str | Path) -> None:
        """Make a link, and keep links as such."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).symlink_to(target)
        self.write("copier.yml", f"_preserve_symlinks: true\n{QUESTIONS}")

    def release(self, version: str = "v1.0.0") -> Starter:
        """Commit all, tag it, and register it with a clone of it."""
        commit(self.folder)
        return self.tag(version)

    def tag(self, version: str) -> Starter:
        """Tag what is committed, and fetch it."""
        git("tag", "-a", version, "-m", version, cwd=self.folder)
        found = Starter("acme", str(self.folder))
        starters.fetch(found)
        return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The victim's folder, with settings and caches of their own."""
    for name, value in PERSON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "own").mkdir()
    (tmp_path / "own/keep").write_text(VICTIM)
    return tmp_path


@pytest.fixture
def acme(home: Path) -> Template:
    """The starter."""
    return Template(home / "acme")


def new(starter: Starter, directory: Path, *, trusted: bool = False) -> Path:
    """Render the newest release."""
    with source.starter(starter, trusted=trusted) as origin:
        return template.render(directory, {}, (), origin).directory


def update(starter: Starter, project: Path, version: str) -> None:
    """Let copier update a project in place."""
    with source.starter(starter) as origin, template.found(origin):
        template.update(origin, version, project, {})


SPELLINGS = [
    "{{ git }}/config", "{{ '.git' }}/config", "{{ '.GIT' }}/config", "sub/{{ '.git' }}/config",
    "{{ 'git~1' }}/config", "{{ '.git ' }}/config", "{{ '.git::$INDEX_ALLOCATION' }}",
    "{{ '.g\\u200cit' }}/config", "{{ git }}", "{% raw %}{% endraw %}{{ git }}/config",
    "{{ 'a\\nb' }}", "{{ '\\x1b[31m' }}",
]  # fmt: skip


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_starter_makes_no_git_folder(home: Path, acme: Template, name: str) -> None:
    """However the name was made; neither a new project nor an update takes it."""
    first = new(acme.release(), home / "app")
    git("init", "--quiet", cwd=first)
    commit(first)
    before = (first / ".git/config").read_text()
    marker = home / "ran"
    acme.write(f"project/{name}", f"[core]\n\tfsmonitor = \"echo > '{marker}'; false\"\n")
    starter = acme.release("v1.1.0")
    with pytest.raises(ProjectError, match="which isn't allowed"):
        new(starter, home / "app2")
    with pytest.raises(ProjectError, match="which isn't allowed"):
        update(starter, first, "v1.1.0")
    assert not (home / "app2").exists()
    assert (first / ".git/config").read_text() == before
    assert not marker.exists()


@pytest.mark.parametrize(
    "names",
    [
        ["HEAD", "objects/x", "refs/x"],
        ["sub/HEAD", "sub/objects/x", "sub/refs/x"],
        ["HEAD", "commondir"],
        ["{{ 'head' | upper }}", "Objects/x", "REFS/x"],
    ],
    ids=["root", "below", "commondir", "rendered"],
)
def test_a_starter_makes_no_bare_repository(home: Path, acme: Template, names: list[str]) -> None:
    """Its files are those by which git recognizes one."""
    for name in names:
        acme.write(f"project/{name}")
    with pytest.raises(ProjectError, match="bare git repository"):
        new(acme.release(), home / "app")


def test_a_part_of_such_names_is_fine(home: Path, acme: Template) -> None:
    """A file called HEAD, a folder called objects."""
    for name in ("HEAD", "objects/x", "docs/refs/x", "README.md"):
        acme.write(f"project/{name}")
    assert (new(acme.release(), home / "app") / "docs/refs/x").is_file()


@pytest.mark.parametrize("target", ["/etc/passwd", "../own", "sub/../../own", ".git/config"])
def test_a_link_out_of_the_project_is_refused(home: Path, acme: Template, target: str) -> None:
    """Absolute or not, and into git's own folder neither."""
    acme.write("project/sub/x")
    acme.link("project/link", target)
    with pytest.raises(ProjectError, match="it is a link"):
        new(acme.release(), home / "app")


def test_a_link_inside_the_project_stays_one(home: Path, acme: Template) -> None:
    """To a file, to a folder, to nothing yet."""
    acme.write("project/docs/x")
    for name, target in (("a", "docs/x"), ("docs/b", "../docs"), ("c", "later")):
        acme.link(f"project/{name}", target)
    made = new(acme.release(), home / "app")
    assert [str((made / name).readlink()) for name in ("a", "docs/b", "c")] == [
        "docs/x", "../docs", "later",
    ]  # fmt: skip


def test_a_link_of_an_update_alone_deletes_nothing(home: Path, acme: Template) -> None:
    """Copier removes files that the project doesn't have; a link may have come on the way."""
    acme.write("project/data/keep")
    first = new(acme.release(), home / "app")
    shutil.rmtree(first / "data")
    git("init", "--quiet", cwd=first)
    commit(first)
    acme.link("project/{% if _copier_conf.overwrite %}data{% endif %}", home / "own")
    (acme.folder / "project/data/keep").unlink()
    with pytest.raises(ProjectError, match="it is a link out of the project"):
        update(acme.release("v1.1.0"), first, "v1.1.0")
    assert (home / "own/keep").read_text() == VICTIM


def test_special_files_are_refused(tmp_path: Path) -> None:
    """Git stores none; a task could make one."""
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "sub/pipe")
    with pytest.raises(ProjectError, match="isn't a file, a folder or a link"):
        rendered.check(tmp_path)


def test_a_starter_s_tree_leaves_its_folder_nowhere(home: Path, acme: Template) -> None:
    """It is refused when it is fetched, and in a clone that an older dockgen fetched."""
    commit(acme.folder)
    names = {str(home / "own/x.yml"): b"evil: 1\n", "../x.yml": b"evil: 1\n"}
    stored = _raw_tree(acme.folder, names, kept="HEAD")
    made = git("commit-tree", stored, "-m", "x", cwd=acme.folder).strip()
    git("update-ref", "refs/heads/main", made, cwd=acme.folder)
    starter = Starter("acme", str(acme.folder))
    git("tag", "v1.0.0", made, cwd=acme.folder)
    with pytest.raises(ProjectError, match="fsck"):
        starters.fetch(starter)
    assert not starter.clone.exists()
    subprocess.run(["git", "clone", "-q", "--mirror", acme.folder, starter.clone], check=True)
    with pytest.raises(OutsideError), source.starter(starter):
        pass
    assert [path.name for path in (home / "own").iterdir()] == ["keep"]


@pytest.mark.parametrize("name", ["link/x", "link"])
def test_a_written_file_follows_no_link(tmp_path: Path, name: str) -> None:
    """The link may come from the same tree, or be made by another process meanwhile."""
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "x").write_text(VICTIM)
    (folder / "link").symlink_to(outside if name == "link/x" else outside / "x")
    written = Folder(folder)
    if name == "link/x":
        with pytest.raises(NotADirectoryError):
            written.write(Inside.of(name), Saved(b"evil\n", 0o644))
        assert written.look(Inside.of(name)) is None
    else:
        written.write(Inside.of(name), Saved(b"evil\n", 0o644))
    assert (outside / "x").read_text() == VICTIM


def test_a_tag_of_anything_is_no_release(home: Path, acme: Template) -> None:
    """Of a file, or of a tag of a tree: versions are of commits."""
    acme.release("v1.0.0")
    blob, stored = (git("rev-parse", what, cwd=acme.folder).strip() for what in
                    ("HEAD:copier.yml", "HEAD^{tree}"))  # fmt: skip
    git("tag", "v2.0.0", blob, cwd=acme.folder)
    git("tag", "-a", "-m", "x", "v3.0.0", blob, cwd=acme.folder)
    git("tag", "v4.0.0", stored, cwd=acme.folder)
    starter = acme.tag("v1.1.0")
    assert [release.version for release in source.releases(starter)] == ["v1.0.0", "v1.1.0"]
    assert (new(starter, home / "app") / ".copier-answers.yml").is_file()


READS = ['"$SECRET" | expandvars', '"~" | expanduser', '"*" | fileglob', '"." | realpath']


@pytest.mark.parametrize("expression", READS)
@pytest.mark.parametrize("place", ["file", "name", "question"])
def test_a_template_reads_nothing_of_the_machine(
    home: Path, acme: Template, monkeypatch: pytest.MonkeyPatch, expression: str, place: str
) -> None:
    """Ansible's filters, wherever a template may use them."""
    monkeypatch.setenv("SECRET", "victims-secret")
    if place == "file":
        acme.write("project/out.jinja", f"{{{{ {expression} }}}}\n")
    elif place == "name":
        acme.write(f"project/{{{{ ({expression}) | string | length }}}}")
    else:
        acme.write("copier.yml", f"{QUESTIONS}read: '{{{{ {expression} }}}}'\n")
        acme.write("project/out.jinja", "{{ read }}\n")
    with pytest.raises(DockgenError, match="reads files of this machine"):
        new(acme.release(), home / "app")


def test_filters_that_compute_stay(
    home: Path, acme: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They give the same result in every folder and time zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.chdir("/etc")
    acme.write(
        "project/out.jinja",
        "{{ 'a' | b64encode }} {{ {'b': 1} | to_json }} {{ 'x1' | regex_replace('[0-9]', '') }}\n"
        "{{ 'a/b' | relpath }} {{ '/a' | relpath('/b') }} {{ '%H %Z' | strftime(0) }}\n"
        "{{ 'a' | hash('sha256') | truncate(4, end='') }} {{ 'yes' | bool }} {{ [2, 1] | sort }}\n",
    )
    made = new(acme.release(), home / "app")
    assert (made / "out").read_text() == (
        'YQ== {"b": 1} x\na/b ../a 00 GMT\nca97 True [1, 2]\n'
    )  # fmt: skip


def test_a_trusted_starter_reads(
    home: Path, acme: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --trust it may run programs, and its tasks may make a repository."""
    monkeypatch.setenv("SECRET", "own-secret")
    acme.write("copier.yml", f"_tasks: ['git init --quiet']\n{QUESTIONS}")
    acme.write("project/out.jinja", "{{ '$SECRET' | expandvars }}\n")
    made = new(acme.release(), home / "app", trusted=True)
    assert (made / "out").read_text() == "own-secret\n"
    assert (made / ".git").is_dir()


@pytest.fixture
def submodule(home: Path, acme: Template) -> Starter:
    """A starter with a repository of the victim's for a submodule."""
    private = home / "private"
    private.mkdir()
    git("init", "--quiet", cwd=private)
    (private / "secret").write_text(VICTIM)
    commit(private)
    head = git("rev-parse", "HEAD", cwd=private).strip()
    for name in ("vendor", "project/vendor"):
        git("config", "-f", ".gitmodules", f"submodule.{name}.path", name, cwd=acme.folder)
        git("config", "-f", ".gitmodules", f"submodule.{name}.url", private, cwd=acme.folder)
        git("config", "-f", ".gitmodules", f"submodule.{name}.active", "true", cwd=acme.folder)
        git("update-index", "--add", "--cacheinfo", f"160000,{head},{name}", cwd=acme.folder)
    git("add", "copier.yml", ".gitmodules", "project", cwd=acme.folder)
    git("commit", "--quiet", "-m", "x", cwd=acme.folder)
    return acme.tag("v1.0.0")


def test_a_submodule_is_not_fetched(home: Path, submodule: Starter) -> None:
    """It isn't fetched beside the rendered files or inside them."""
    made = new(submodule, home / "app")
    assert not list(made.rglob("secret"))
    assert (made / ".copier-answers.yml").is_file()


def test_a_new_project_goes_where_it_was_checked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty folder may be exchanged for a link at the last moment."""
    staged, target = home / "staged", home / "app"
    staged.mkdir()
    target.mkdir()
    (staged / "keep").write_text("evil\n")
    check = apply.check_target

    def exchanging(folder: Path) -> None:
        check(folder)
        target.rename(home / "moved")
        target.symlink_to(home / "own")

    monkeypatch.setattr(apply, "check_target", exchanging)
    apply.place(staged, target)
    assert (home / "own/keep").read_text() == VICTIM
    assert (home / "moved/keep").read_text() == "evil\n"


def test_a_tree_is_read_by_what_is_wanted(acme: Template) -> None:
    """Only those files are loaded."""
    starter = acme.release()
    release = source.releases(starter)[-1]
    names = tree.read(starter.clone, release.tree, lambda path: path.endswith(".yml"))
    assert set(names) == {"copier.yml"}
