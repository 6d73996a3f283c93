"""A platform team's answers for its projects: labels, certificates, a policy."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import checks, languages, matrix, questions, template
from dockgen import project as projects
from dockgen.containerfiles import dockerfile
from dockgen.errors import UsageError
from dockgen.matrix import Cell
from tests import linters
from tests.conftest import Make, each_cell, of, tree
from tests.table import table

# Text that means something to a shell, to YAML, to TOML or to a Dockerfile.
HOSTILE = "Acme \"A\\B\" $HOME ${X} 'y' {{ z }} # : <<EOF ünï 🐳"

LABELS = {
    "org.opencontainers.image.vendor": HOSTILE,
    "com.example.cost-center": "4711",
}


def render(directory: Path, **answers: Any) -> Path:
    """Render a project with these answers."""
    return template.render(directory / "my-app", {"name": "my-app", **answers}, ask=()).directory


def render_cell(directory: Path, cell: Cell, **answers: Any) -> Path:
    """Render a cell's project with these answers."""
    return render(directory, language=str(cell.language), flavor=str(cell.flavor), **answers)


def refusal(make: Make, **answers: Any) -> str:
    """Return the one-line error for an answer that isn't allowed."""
    with pytest.raises(UsageError) as caught:
        make(**answers)
    assert "\n" not in caught.value.message
    return caught.value.message


def instruction(dockerfile: Path, name: str) -> str:
    """Return the only instruction of this name, with its continued lines."""
    lines = dockerfile.read_text().splitlines()
    (start,) = (number for number, line in enumerate(lines) if line.startswith(f"{name} "))
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith("\\"))
    return "\n".join(lines[start : end + 1])


def test_labels_are_one_instruction(make: Make) -> None:
    """A line for each, in the order of names; what a Dockerfile would replace is escaped."""
    dockerfiles = [make(**of(cell), labels=LABELS) / "Dockerfile" for cell in matrix.ALL]
    for path in dockerfiles:
        assert instruction(path, "LABEL") == (
            'LABEL com.example.cost-center="4711" \\\n'
            '    org.opencontainers.image.vendor="Acme \\"A\\\\B\\" \\$HOME \\${X} '
            "'y' {{ z }} # : <<EOF ünï 🐳\""
        )
    assert linters.hadolint(dockerfiles) == ""


def test_labels_change_nothing_else(make: Make) -> None:
    """Without the comment and the instruction, the Dockerfile is as it was."""
    for cell in matrix.ALL:
        plain = (make(**of(cell)) / "Dockerfile").read_text()
        labeled = (make(**of(cell), labels={"vendor": "Acme"}) / "Dockerfile").read_text()
        added = '# Labels for registries and scanners.\nLABEL vendor="Acme"\n'
        assert labeled.count(added) == 1
        assert labeled.replace(added, "") == plain


def test_labels_are_recorded(make: Make) -> None:
    """As they are, for the next update."""
    project = make(labels=LABELS)
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert recorded["labels"] == LABELS
    # Rendered from what is recorded, nothing changes.
    again = make(labels=recorded["labels"])
    assert tree(again) == tree(project)


def test_bad_labels_are_refused(make: Make) -> None:
    """Names as Docker wants them, values of one line."""
    for labels in [
        ["vendor"],
        "vendor",
        None,
        {"Vendor": "x"},
        {"vendor_name": "x"},
        {"vendor\nUSER": "x"},
        {"vendor.": "x"},
        {"a..b": "x"},
        {"com.docker.x": "x"},
        {"a/b": "x"},
        {1: "x"},
        {"vendor": 1},
        {"vendor": ""},
        {"vendor": None},
        {"vendor": "two\nlines"},
        {"vendor": "bell\a"},
        {"vendor": "x" * 257},
    ]:
        assert refusal(make, labels=labels).startswith("labels: ")


def test_good_labels_are_taken(make: Make) -> None:
    """The bounds are within."""
    for labels in [{}, {"a": "x"}, {"a.b-c.d1": "y" * 256}, {"a": "ünï 🐳"}]:
        assert make(labels=labels).is_dir()


def certificate(lines: int = 3) -> str:
    """Return something that looks like a certificate."""
    return "\n".join(
        ["-----BEGIN CERTIFICATE-----", *["MIIB+/" * 10] * lines, "-----END CERTIFICATE-----", ""]
    )


def test_own_authorities_come_into_the_image(make: Make) -> None:
    """The file is there, the build gets it, and the Dockerfile puts it where it is trusted."""
    dockerfiles = []
    for cell in matrix.ALL:
        project = make(**of(cell), ca_certificates=certificate())
        assert (project / "docker/ca-certificates.crt").read_text() == certificate()
        dockerfiles.append(project / "Dockerfile")
        text = dockerfiles[-1].read_text()
        assert "docker/ca-certificates.crt" in text
        assert "\n\n\n" not in text
    assert linters.hadolint(dockerfiles) == ""


def test_without_authorities_there_is_no_trace_of_them(make: Make) -> None:
    """No file, no empty folder, no line."""
    for cell in matrix.ALL:
        project = make(**of(cell))
        named = [name for name, text in tree(project).items() if b"docker/ca-certificates" in text]
        assert named == []
        assert not (project / "docker/ca-certificates.crt").exists()
        assert (project / "docker").exists() == (cell.language != "go")


def test_several_authorities_are_kept_as_they_are(make: Make) -> None:
    """With line ends of Windows and blank lines, too, which no program minds."""
    several = "\n" + certificate(1).replace("\n", "\r\n") + "\n\n" + certificate(20).rstrip()
    project = make(ca_certificates=several)
    expected = f"{certificate(1)}\n\n{certificate(20)}"
    assert (project / "docker/ca-certificates.crt").read_text() == expected


def test_what_is_no_certificate_is_refused(make: Make) -> None:
    """Only certificates are accepted."""
    for text in [
        "no certificate",
        certificate() + "and words",
        "# words\n" + certificate(),
        certificate(0),
        certificate().replace("MIIB", "MI B"),
        certificate().replace("BEGIN CERTIFICATE", "BEGIN TRUSTED CERTIFICATE"),
        certificate() + certificate().rstrip().removesuffix("-"),
        certificate().rstrip() + certificate(),
        # What would take long with a careless expression.
        certificate() + "\n" * 500 + "x",
    ]:
        assert "use only PEM certificates" in refusal(make, ca_certificates=text)


def test_a_private_key_is_refused_by_name(make: Make) -> None:
    """It is a secret, and a project is no place for one."""
    key = certificate() + certificate().replace("CERTIFICATE", "PRIVATE KEY")
    assert "a PRIVATE KEY" in refusal(make, ca_certificates=key)


POLICY = {
    "size_mb": {"default": 200, "python": 150.5, "python-slim": 130},
    "healthy_seconds": 20,
    "stop_seconds": 0.5,
    "required_labels": ["org.opencontainers.image.source", "com.example.team"],
    "allowed_registries": ["registry.example.com:5000/hub", "ghcr.io"],
    "ignored_rules": {"DG103": HOSTILE, "DG106": "a \\ at the end \\"},
}


def policy_of(project: Path) -> dict[str, Any]:
    """Return the project's dockgen.toml."""
    return tomllib.loads((project / "dockgen.toml").read_text())


def test_a_policy_is_written_down(make: Make) -> None:
    """All of it, with every character of the reasons."""
    project = make(policy=POLICY)
    assert policy_of(project) == {
        "limits": {"size_mb": 130, "healthy_seconds": 20, "stop_seconds": 0.5},
        "rules": {
            "required_labels": POLICY["required_labels"],
            "allowed_registries": POLICY["allowed_registries"],
            "ignored": POLICY["ignored_rules"],
        },
    }
    text = (project / "dockgen.toml").read_text()
    assert not re.search(r"[ \t]\n|\n\n\n|\n\n\Z", text)
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert recorded["policy"] == POLICY


@table(
    ("policy", "sections"),
    [
        ({}, {"limits"}),
        ({"stop_seconds": 3}, {"limits"}),
        ({"required_labels": []}, {"limits"}),
        ({"required_labels": ["a"]}, {"limits", "rules"}),
        ({"allowed_registries": ["ghcr.io/acme"]}, {"limits", "rules"}),
        ({"ignored_rules": {"DG101": "x"}}, {"limits", "rules"}),
    ],
)
def test_only_what_is_named_is_written(
    tmp_path: Path, policy: dict[str, Any], sections: set[str]
) -> None:
    """Each key stands alone."""
    project = render(tmp_path, policy=policy)
    assert set(policy_of(project)) == sections
    assert projects.load(project).name == "my-app"


def test_the_most_specific_size_wins(make: Make) -> None:
    """The cell, then the language, then the default, then dockgen's own."""
    for size_mb, expected in [
        (70, 70),
        (70.25, 70.25),
        ({"default": 70}, 70),
        ({"default": 70, "python": 80}, 80),
        ({"default": 70, "python": 80, "python-slim": 90}, 90),
        ({"go": 10, "python-alpine": 11}, 125),
        ({}, 125),
    ]:
        project = make(**of(Cell.parse("python-slim")), policy={"size_mb": size_mb})
        assert policy_of(project)["limits"]["size_mb"] == expected


def test_each_cell_can_have_its_size(make: Make) -> None:
    """The keys are the names of the cells."""
    for cell in matrix.ALL:
        project = make(**of(cell), policy={"size_mb": {str(cell): 7.5}})
        assert policy_of(project)["limits"]["size_mb"] == 7.5


BAD_POLICIES: list[tuple[Any, str]] = [
    ([], "a mapping"),
    (None, "a mapping"),
    ({"size": 1}, '"size" is unknown'),
    ({1: 1}, '"1" is unknown'),
    ({"size_mb": "many"}, "size_mb"),
    ({"size_mb": True}, "size_mb"),
    ({"size_mb": 0}, "size_mb"),
    ({"size_mb": float("nan")}, "size_mb"),
    ({"size_mb": float("inf")}, "size_mb"),
    ({"size_mb": None}, "size_mb"),
    ({"size_mb": {"rust": 1}}, "size_mb"),
    ({"size_mb": {"go-slim": "1"}}, "size_mb"),
    ({"size_mb": 100_001}, "size_mb"),
    ({"size_mb": {"no-default": 1}}, "size_mb"),
    ({"size_mb": {"go-slimmer": 1}}, "size_mb"),
    ({"run_seconds": 100_001}, "run_seconds"),
    ({"healthy_seconds": 0}, "healthy_seconds"),
    ({"stop_seconds": "2"}, "stop_seconds"),
    ({"stop_seconds": True}, "stop_seconds"),
    ({"required_labels": "a"}, "required_labels"),
    ({"required_labels": ["A"]}, "required_labels"),
    ({"required_labels": [1]}, "required_labels"),
    ({"required_labels": {"a": "b"}}, "required_labels"),
    ({"required_labels": 1}, "required_labels"),
    ({"allowed_registries": ["https://ghcr.io"]}, "allowed_registries"),
    ({"allowed_registries": ["ghcr.io/"]}, "allowed_registries"),
    ({"allowed_registries": "ghcr.io"}, "allowed_registries"),
    ({"allowed_registries": "acme"}, "allowed_registries"),
    ({"allowed_registries": {"acme": "x"}}, "allowed_registries"),
    ({"allowed_registries": 1}, "allowed_registries"),
    ({"allowed_registries": [1]}, "allowed_registries"),
    ({"ignored_rules": ["DG101"]}, "ignored_rules"),
    ({"ignored_rules": {"DG1": "x"}}, "ignored_rules"),
    ({"ignored_rules": {"DG1011": "x"}}, "ignored_rules"),
    ({"ignored_rules": {"XDG101": "x"}}, "ignored_rules"),
    ({"ignored_rules": {b"DG101": "x"}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": ""}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": None}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": "two\nlines"}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": {}}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": {"reason": "two\nlines"}}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": {"reason": "x", "by": "me"}}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": {"reason": "x", "until": "2030"}}}, "ignored_rules"),
    ({"ignored_rules": {"DG101": {"reason": "x", "until": "02030-01-31"}}}, "ignored_rules"),
    (
        {"ignored_rules": {"DG101": {"reason": "x", "until": "2030-01-31 }\nx = 1"}}},
        "ignored_rules",
    ),
]


def test_a_rule_is_ignored_until_a_day(make: Make) -> None:
    """The day is one in dockgen.toml, and the reason keeps each character."""
    ignored = {"DG103": {"reason": HOSTILE, "until": "2030-01-31"}, "DG104": {"reason": "x"}}
    project = make(policy={"ignored_rules": ignored})
    assert policy_of(project)["rules"]["ignored"] == {
        "DG103": {"reason": HOSTILE, "until": date(2030, 1, 31)},
        "DG104": "x",
    }


def test_a_bad_policy_is_refused(make: Make) -> None:
    """The message names the key."""
    for policy, words in BAD_POLICIES:
        message = refusal(make, policy=policy)
        assert message.startswith("policy: ")
        assert words in message


UNAVAILABLE = {
    "language": {"python": "we run no Python"},
    "flavor": {"alpine": "nobody here knows musl"},
    "ci": {"none": "each project is checked"},
}


@table(
    ("question", "choice"),
    [(question.name, choice) for question in questions.load() for choice in question.choices],
)
def test_a_choice_that_is_taken_away_is_refused(make: Make, question: str, choice: str) -> None:
    """In the team's words."""
    unavailable = {question: {choice: "nobody here knows it"}}
    message = refusal(make, unavailable=unavailable, **{question: choice})
    assert message == f"{question}: nobody here knows it"


@pytest.mark.parametrize("question", ["framework", "package_manager"])
def test_what_is_for_another_language_is_refused(make: Make, question: str) -> None:
    """With what there is for this one."""
    offered = {name: list(facts[f"{question}s"]) for name, facts in languages.load().items()}
    for language, choices in offered.items():
        for other, theirs in offered.items():
            for choice in set(theirs) - set(choices):
                message = refusal(make, language=language, flavor="slim", **{question: choice})
                words = f"{choice} is for {other}: choose {' or '.join(choices)}"
                assert message == f"{question}: {words}"


def test_a_default_that_is_taken_away_is_replaced(make: Make) -> None:
    """By the next choice that is left."""
    unavailable = UNAVAILABLE | {"flavor": {"scratch": "no", "slim": "no"}}
    project = make(unavailable=unavailable)
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert (recorded["language"], recorded["flavor"], recorded["ci"]) == ("go", "alpine", "github")
    assert "unavailable" not in recorded


def test_other_choices_stay(make: Make) -> None:
    """Choices that aren't named can still be chosen."""
    answers = {"language": "node", "flavor": "scratch", "ci": "gitlab"}
    assert make(unavailable=UNAVAILABLE, **answers).is_dir()


def test_a_choice_that_never_was_is_refused_in_plain_words(make: Make) -> None:
    """With the choices that are left."""
    answers = {"flavor": "busybox", "unavailable": UNAVAILABLE, "language": "go"}
    assert refusal(make, **answers) == "flavor: 'busybox' is not in ['slim', 'scratch']"


@each_cell()
def test_a_mirror_is_an_allowed_registry(tmp_path: Path, cell: Cell) -> None:
    """With `registry`, every base image comes from there; without it, each is found."""
    policy = {"allowed_registries": ["registry.example.com/hub"]}
    for registry, found in (("registry.example.com/hub", False), ("", True)):
        project = projects.load(
            render_cell(tmp_path / (registry or "hub"), cell, registry=registry, policy=policy)
        )
        files = checks.Files(dockerfile.find(project.directory))
        assert bool(checks.check_files(files, project.contract)) == found
