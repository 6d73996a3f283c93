"""The team file: what it may contain, and the errors for mistakes in it."""

from pathlib import Path

import pytest

from dockgen import team
from dockgen.errors import UsageError
from dockgen.questions import Question
from dockgen.team.teamfile import Lock, Team
from tests.table import table

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def question(name: str, kind: str = "str", *choices: str) -> Question:
    """Return a question of a questionnaire."""
    return Question(name, kind, "", "", choices, asked=False)


KNOWN = (
    question("language", "str", "go", "python", "node"),
    question("flavor", "str", "slim", "alpine", "scratch"),
    question("registry"),
    question("port", "int"),
    question("labels", "yaml"),
    question("ca_certificates"),
    question("policy", "yaml"),
)


def read(tmp_path: Path, text: str) -> Team:
    """Return the team file with this text."""
    file = tmp_path / "dockgen.team.toml"
    file.write_text(text)
    found = team.find(tmp_path, str(file), KNOWN)
    assert found is not None
    return found


def test_an_empty_file_decides_nothing(tmp_path: Path) -> None:
    """It is a way to have no team file where one would be found."""
    assert read(tmp_path, "").answers({"port": 1234}, KNOWN) == {"port": 1234}


def test_everything_that_a_file_can_say(tmp_path: Path) -> None:
    """Each table, once."""
    (tmp_path / "acme.pem").write_text(PEM)
    found = read(
        tmp_path,
        """
        name = "Acme"
        contact = "#platform"
        [defaults]
        port = 9000
        [locked]
        registry = { value = "mirror.acme.example", reason = "Docker Hub is blocked" }
        language = "go"
        [choices]
        flavor = { allow = ["slim", "scratch"], reason = "our agent needs glibc" }
        [labels]
        "org.opencontainers.image.vendor" = "Acme"
        [certificates]
        file = "acme.pem"
        [limits]
        stop_seconds = 5
        size_mb = { python-slim = 150, default = 200.5 }
        [rules]
        required_labels = ["org.opencontainers.image.vendor"]
        allowed_registries = ["mirror.acme.example"]
        [rules.ignored]
        DG206 = "our agent writes there"
        DG103 = { reason = "until version 2", until = 2030-01-31 }
        """,
    )
    assert (found.name, found.contact) == ("Acme", "#platform")
    assert found.defaults == {"port": 9000}
    assert found.refused == {"flavor": {"alpine": "our agent needs glibc"}}
    assert found.locked["registry"] == Lock(
        "mirror.acme.example", "Docker Hub is blocked", "locked"
    )
    assert found.answers({}, KNOWN) == {
        "registry": "mirror.acme.example",
        "language": "go",
        "labels": {"org.opencontainers.image.vendor": "Acme"},
        "ca_certificates": PEM,
        "policy": {
            "stop_seconds": 5,
            "size_mb": {"python-slim": 150, "default": 200.5},
            "required_labels": ["org.opencontainers.image.vendor"],
            "allowed_registries": ["mirror.acme.example"],
            "ignored_rules": {
                "DG206": "our agent writes there",
                "DG103": {"reason": "until version 2", "until": "2030-01-31"},
            },
        },
    }


@table(
    ("text", "words"),
    [
        ("[locked", "isn't valid TOML"),
        ("colour = 'red'", "colour is unknown"),
        ("name = 1", "name is 1, not text (line 1)"),
        ("defaults = 1", "defaults isn't a section"),
        ("[defaults]\nprot = 1", "defaults.prot: unknown question"),
        ("[defaults]\nport = 'many'", "defaults.port is 'many', and port is a whole number"),
        (
            "[defaults]\nlanguage = 'rust'",
            "defaults.language is 'rust', which isn't a choice of language",
        ),
        ("[locked]\nregistry = {reason = 'x'}", "locked.registry.value is missing (line 2)"),
        ("[locked]\nregistry = {value = 'x', why = 'y'}", "locked.registry.why is unknown"),
        ("[defaults]\nport=1\n[locked]\nport=1", "port has both a default and a lock"),
        ("[choices]\nregistry = {allow = ['x']}", "registry has no choices"),
        ("[choices]\nflavor = ['slim']", "choices.flavor isn't a table"),
        ("[choices]\nflavor = {allow = ['glibc']}", "choices.flavor.allow is ['glibc']"),
        ("[choices]\nflavor = {allow = []}", "choices.flavor.allow is []"),
        (
            "[choices]\nflavor = {allow = ['slim']}\n[defaults]\nflavor = 'alpine'",
            "flavor is set to 'alpine', which [choices] doesn't allow",
        ),
        ("[labels]\nvendor = 1", "labels.vendor is 1, not text"),
        ("[certificates]\npem = 'x'", "[certificates] must contain certificates"),
        ("[certificates]\nfile = 'nowhere.pem'", "nowhere.pem can't be read"),
        ("[certificates]\nfile = 'a'\npem = 'b'", "[certificates] has both file and pem"),
        ("[limits]\nsize = 1", "limits.size is unknown"),
        ("[limits]\nsize_mb = 0", "limits.size_mb is 0, not a number above 0"),
        ("[limits]\nsize_mb = {go = true}", "limits.size_mb.go is True, not a number"),
        ("[limits]\nstop_seconds = '2'", "limits.stop_seconds is '2', not a number"),
        ("[rules]\nrequired_labels = 'x'", "rules.required_labels is 'x', not a list of texts"),
        ("[rules]\nignored = ['DG206']", "rules.ignored isn't a table"),
        ("[rules.ignored]\nDG206 = {reason = 'x', until = 'y'}", "until is 'y', not a day"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    """The file, the key, what is wrong with it: in one line."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "dockgen.team.toml") in caught.value.message
    assert words in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_locked_answer_cannot_be_given(tmp_path: Path) -> None:
    """The message says who locks it, why, and whom to ask; the same answer is fine."""
    found = read(
        tmp_path,
        'name = "Acme"\ncontact = "#platform"\n'
        '[locked]\nregistry = { value = "mirror.example", reason = "of the firewall" }\n',
    )
    with pytest.raises(UsageError) as caught:
        found.answers({"registry": ""}, KNOWN)
    assert caught.value.message == (
        "registry can't be '': Acme's dockgen.team.toml locks it to 'mirror.example', "
        "because of the firewall"
    )
    assert caught.value.hint == "ask #platform"
    assert found.answers({"registry": "mirror.example"}, KNOWN) == {"registry": "mirror.example"}


def test_a_refused_choice_cannot_be_given(tmp_path: Path) -> None:
    """The reason is the file's, or that it isn't in the file."""
    found = read(tmp_path, '[choices]\nflavor = { allow = ["slim"] }\n')
    with pytest.raises(UsageError) as caught:
        found.answers({"flavor": "alpine"}, KNOWN)
    assert caught.value.message == "flavor can't be 'alpine': not in dockgen.team.toml"
    assert found.answers({"flavor": "slim"}, KNOWN) == {"flavor": "slim"}


def test_labels_come_on_top_of_a_project_s_own(tmp_path: Path) -> None:
    """The team's win where both have one."""
    found = read(tmp_path, '[labels]\nvendor = "Acme"\n')
    answers = found.answers({"labels": {"vendor": "me", "mine": "x"}}, KNOWN)
    assert answers == {"labels": {"vendor": "Acme", "mine": "x"}}


def test_what_a_template_does_not_ask_does_not_count(tmp_path: Path) -> None:
    """A starter may have dropped a question that the file locks."""
    found = read(tmp_path, '[locked]\nlanguage = "go"\n[labels]\nvendor = "Acme"\n')
    assert found.answers({}, [question("flavor")]) == {}


def test_the_nearest_in_the_repository_counts(tmp_path: Path) -> None:
    """As with .editorconfig; the folder need not exist yet."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "dockgen.team.toml").write_text('name = "all"')
    (tmp_path / "payments").mkdir()
    (tmp_path / "payments/dockgen.team.toml").write_text('name = "payments"')
    for folder, name in [("payments/new", "payments"), ("orders", "all"), ("", "all")]:
        found = team.find(tmp_path / folder, None, KNOWN)
        assert found is not None
        assert found.name == name


def test_none_counts_outside_of_a_repository(tmp_path: Path) -> None:
    """Someone else's in a folder above decides nothing."""
    (tmp_path / "dockgen.team.toml").write_text('name = "all"')
    assert team.find(tmp_path / "my-app", None, KNOWN) is None


def test_the_variable_names_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands for the file in it."""
    (tmp_path / "dockgen.team.toml").write_text('name = "named"')
    monkeypatch.setenv("DOCKGEN_TEAM", str(tmp_path))
    found = team.find(tmp_path, None, KNOWN)
    assert found is not None
    assert found.name == "named"


@table(
    ("named", "words"),
    [
        ("nowhere.toml", "no team file nowhere.toml"),
        ("http://acme.example/team.toml", "isn't an https address"),
        ("file:///etc/passwd", "isn't an https address"),
    ],
)
def test_a_named_one_must_be_there(tmp_path: Path, named: str, words: str) -> None:
    """Silence would mean that the team's decisions don't count."""
    with pytest.raises(UsageError) as caught:
        team.find(tmp_path, named, KNOWN)
    assert words in caught.value.message
