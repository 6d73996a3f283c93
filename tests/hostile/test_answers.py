"""Hostile answers: refused by name, or the project parses to the same as with a plain answer.

Only the question's validator decides which text is refused; `test_other_choices` renders the
accepted ones.
"""

import itertools
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dockgen import checks, questions, template
from dockgen.errors import UsageError
from dockgen.source import Source
from tests.conftest import Make, tree
from tests.hostile import shape
from tests.hostile.conftest import Refusal
from tests.hostile.plain import (
    CELLS,
    MORE,
    PLAIN,
    VERSIONS,
    assert_only_values_differ,
    cell,
    recorded,
)
from tests.hostile.values import NAMES, TAKEN, TEXTS, YAML
from tests.table import table

HADOLINT = Path(sys.executable).parent / "hadolint"

PEM = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n"


def same(text: str) -> str:
    """Return the text itself as the answer."""
    return text


def seen(text: str) -> str:
    """Return the text, or a letter in place of blanks, which a certificate's reader skips."""
    return text if text.strip() else "x"


# Where a text can stand: the question, what makes an answer of the text, and which it takes.
PLACES: Mapping[str, tuple[str, Callable[[str], Any], set[str]]] = {
    "name": ("name", same, TAKEN["name"]),
    "version": ("language_version", same, TAKEN["language_version"]),
    "registry": ("registry", same, TAKEN["registry"]),
    "host": ("private_host", same, TAKEN["host"]),
    "index": ("package_index", same, {"empty"}),
    "index-path": ("package_index", "https://hostile.invalid/{}".format, TAKEN["index path"]),
    "package": ("runtime_packages", lambda text: [text], TAKEN["package"]),
    "label": ("labels", lambda text: {"a": text}, TAKEN["label"]),
    "label-name": ("labels", lambda text: {text: "a"}, TAKEN["label name"]),
    "reason": ("policy", lambda text: {"ignored_rules": {"DG101": text}}, TAKEN["reason"]),
    "rule": ("policy", lambda text: {"ignored_rules": {text: "a"}}, set()),
    "policy": ("policy", lambda text: {text: 1}, set()),
    "size": ("policy", lambda text: {"size_mb": {text: 1}}, set()),
    "required-label": (
        "policy",
        lambda text: {"required_labels": [text]},
        TAKEN["required label"],
    ),
    "allowed-registry": (
        "policy",
        lambda text: {"allowed_registries": [text]},
        TAKEN["allowed registry"],
    ),
    "path": ("unmanaged", lambda text: [text], TAKEN["path"]),
    "certificate": ("ca_certificates", seen, set()),
    "before-a-certificate": ("ca_certificates", lambda text: seen(text) + PEM, set()),
    "in-a-certificate": (
        "ca_certificates",
        lambda text: PEM.replace("MIIB", f"MIIB\n{seen(text)}!\n"),
        set(),
    ),
    "behind-a-certificate": ("ca_certificates", lambda text: PEM + seen(text), set()),
}


@pytest.fixture(scope="session")
def plain(make: Make) -> dict[str, Path]:
    """A project with plain answers for each language."""
    return {
        language: make(
            **PLAIN, language_version=VERSIONS[language], language=language, flavor=flavor, ci=ci
        )
        for language, flavor, ci in CELLS
    }


def taken(refusal: Refusal, question: str, answers: Sequence[Any], language: str) -> list[Any]:
    """Return the answers that are accepted."""
    return [answer for answer in answers if not refusal(question, answer, language)]


@pytest.mark.parametrize("place", PLACES)
def test_texts(refusal: Refusal, place: str) -> None:
    """These are taken and no others; the message names the question on one printable line."""
    question, answer, expected = PLACES[place]
    assert {text for text in TEXTS if not refusal(question, answer(TEXTS[text]))} == expected


@pytest.mark.parametrize("language", ["go", "node"])
def test_texts_as_another_version(refusal: Refusal, language: str) -> None:
    """There is no Go and no Node 3.20."""
    assert taken(refusal, "language_version", [*TEXTS.values()], language) == []


@table("place", PLACES)
def test_a_text_that_is_refused_writes_nothing(make: Make, place: str) -> None:
    """The same message, and `make` sees that no folder is left."""
    question, answer, expected = PLACES[place]
    refused = next(text for text in ("instruction", *TEXTS) if text not in expected)
    given = {**PLAIN, **cell(1), question: answer(TEXTS[refused])}
    with pytest.raises(UsageError, match=f"^{question}: "):
        make(**given)


@table(
    ("question", "language", "good", "bad"),
    [
        (
            *("name", "python", ["a", "a--b", "a1", "x" * 63, "sha512"]),
            *(["__", "a__b", "a__", "_a", "a.b", "a_b", "a-", "-a", "1a", "x" * 64, "sha256"],),
        ),
        ("language_version", "go", ["1.24", "1.27.3"], ["1", "0.1", "27", "2.0", "1.23", "1.027"]),
        ("language_version", "python", ["3", "3.11"], ["2.7", "3.10", "4.0", "3.011", "3.11rc1"]),
        ("language_version", "node", ["18", "24.1"], ["17.9", "024", "24.01"]),
        ("port", "go", [1024, 65535], [1023, 65536, 0, -1]),
        (
            *("registry", "go"),
            *(["localhost:5000", "127.0.0.1:5000/a", "xn--caf-dma.example", "a" * 200],),
            *(["a..b", "a-/b", "-a", "a/b..c", "a/b___c", "a/.b", "a:", "a:123456", "a/b:1"],),
        ),
        (
            "registry",
            "go",
            ["a.b-c/d__e/f.g/h---i"],
            ["a@b", "[::1]", "https://a", "a/", "a" * 201],
        ),
    ],
)
def test_bounds(
    refusal: Refusal, question: str, language: str, good: list[Any], bad: list[Any]
) -> None:
    """Values that the language, its tools or Docker just accept, and ones that they just don't."""
    assert taken(refusal, question, [*good, *bad], language) == good


def variable(name: str) -> Iterator[dict[str, Any]]:
    """Wherever the name of a variable stands in what `dockgen add` found."""
    yield from ({key: {name: "1"}} for key in ("environment", "settings", "build_environment"))
    yield from ({"required": [name]}, {"port_setting": name})


def path(text: str) -> Iterator[dict[str, Any]]:
    """Wherever another name or a path stands in it."""
    yield from ({key: text} for key in ("context", "folder", "place"))
    yield from ({key: [text]} for key in ("files", "outputs", "volumes", "scratch", "tags"))
    yield from ({key: {text: ["a"]}} for key in ("processes", "before", "beside"))
    yield from ({"mains": {text: "."}}, {"mains": {"a": text}}, {"build_packages": [text]})
    for key in ("requirements", "files", "folders", "extras", "groups", "scripts"):
        yield {"install": {key: [text]}}
    yield from ({"install": {key: text}} for key in ("member", "manager"))
    yield {"frontend": {"manager": text}}


def health(text: str) -> Iterator[dict[str, Any]]:
    """The path that answers."""
    yield {"health": text}


@table(
    ("place", "words", "good", "bad"),
    [
        (variable, "names of variables are", ["A_b1", "_"], ["1A", "A-B", "A "]),
        (path, "names and paths have", ["./a-b_1@2:3+4~", "a" * 300], ["a b", "$a", "a" * 301]),
        (health, "health must be a path", ["/", "/a?b=1"], ["", "a", "a/", "/a b", "/a#"]),
    ],
)  # fmt: skip
def test_what_is_found_in_a_repository(
    refusal: Refusal,
    place: Callable[[str], Iterator[dict[str, Any]]],
    words: str,
    good: list[str],
    bad: list[str],
) -> None:
    """Names are names wherever they stand, and paths are paths."""
    for text in (*good, *bad):
        for found in place(text):
            said = refusal("existing", {"command": ["a"], **found})
            assert said.startswith(f"existing: {words}") if text in bad else said == ""


@table(
    ("answer", "words"),
    [
        (["a"], "it isn't a mapping"),
        ({"health": "/"}, "it has no command"),
        ({"command": "python app.py"}, "it has no command"),
        ({"command": 1}, "it has no command"),
        ({"command": ["a"], "build": ["a\nRUN b"]}, "each value must be on one line"),
        ({"command": ["a\r"]}, "each value must be on one line"),
    ],
)
def test_what_no_dockerfile_can_say_is_refused(
    refusal: Refusal, answer: object, words: str
) -> None:
    """Commands are lists of words, and each value stands on one line."""
    assert refusal("existing", answer).startswith(f"existing: {words}")


@pytest.mark.parametrize("language", NAMES)
def test_names_that_mean_something(
    make: Make, plain: dict[str, Path], refusal: Refusal, language: str
) -> None:
    """To the language, to its tools, to Docker or to Windows: they are names like any other."""
    assert taken(refusal, "name", NAMES[language], language) == [*NAMES[language]]
    number = [chosen[0] for chosen in CELLS].index(language)
    for name in NAMES[language]:
        project = make(**PLAIN | {"name": name}, **cell(number))
        assert_only_values_differ(project, plain[language], name=name)


@pytest.mark.parametrize(
    ("folder", "name"), [("sha256", "app"), ("SHA256", "app"), ("1", "app"), ("Sha 512", "sha-512")]
)
def test_a_folder_gives_a_name_that_is_good(
    origin: Source, tmp_path: Path, folder: str, name: str
) -> None:
    """One that no image can be tagged with gives another."""
    template.render_version(origin, "HEAD", tmp_path / folder, {})
    assert recorded(tmp_path / folder)["name"] == name


def test_the_registries_that_docker_takes(make: Make, plain: dict[str, Path]) -> None:
    """Each part may be as odd as Docker allows."""
    for registry in ("localhost:5000", "127.0.0.1:5000/a", "a.b-c/d__e/f.g/h---i", "a" * 200):
        project = make(**PLAIN | {"registry": registry}, **cell(1))
        assert_only_values_differ(project, plain["python"], registry=registry)


def test_the_ports_at_the_bounds(make: Make, plain: dict[str, Path]) -> None:
    """The port is that number everywhere."""
    for number, port in enumerate((1024, 65535, 1024)):
        project = make(**PLAIN | {"port": port}, **cell(number))
        assert_only_values_differ(project, plain[CELLS[number][0]], port=port)


@pytest.mark.parametrize("number", range(len(CELLS)), ids=["go", "python", "node"])
def test_labels_are_the_texts(make: Make, plain: dict[str, Path], number: int) -> None:
    """Docker reads what was given; nothing else changes, in the Dockerfile or elsewhere."""
    labels = {f"x-{text}": TEXTS[text] for text in sorted(TAKEN["label"])}
    labels |= {TEXTS[text]: text for text in sorted(TAKEN["label name"])}
    project = make(**PLAIN, **cell(number), labels=labels)
    before = plain[CELLS[number][0]]
    assert shape.labels(project) == labels
    assert recorded(project)["labels"] == labels
    assert shape.structures(project) == shape.structures(before)
    files = tree(project)
    different = {name for name, content in tree(before).items() if content != files[name]}
    assert different == {"Dockerfile", shape.ANSWERS}
    # A parser that isn't ours agrees that these are instructions. Docker knows a backslash before a
    # quote, which hadolint 2.15 doesn't.
    odd = ("x-backslash", "x-backslashes", "x-continued", "x-escaped-quote")
    kept = {name: text for name, text in labels.items() if name not in odd}
    project = make(**PLAIN, **cell(number), labels=kept)
    done = subprocess.run(
        [HADOLINT, "--no-fail", "--format", "json", project / "Dockerfile"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [found for found in json.loads(done.stdout) if found["level"] == "error"] == []


def settings(project: Path) -> dict[str, Any]:
    """Return the content of dockgen.toml."""
    return tomllib.loads((project / "dockgen.toml").read_text())


def test_reasons_are_the_texts(make: Make) -> None:
    """TOML reads what was given."""
    codes = [rule.code for rule in checks.RULES]
    texts = sorted(TAKEN["reason"])
    for start in range(0, len(texts), len(codes)):
        reasons = {code: TEXTS[text] for code, text in zip(codes, texts[start:], strict=False)}
        project = make(**cell(start), policy={"ignored_rules": reasons})
        assert settings(project)["rules"] == {"ignored": reasons}
        assert recorded(project)["policy"] == {"ignored_rules": reasons}


@pytest.mark.parametrize("number", range(len(CELLS)), ids=["go", "python", "node"])
def test_paths_lead_nowhere(make: Make, plain: dict[str, Path], number: int) -> None:
    """They are patterns for files of the project; none of these is one, and no file is left out."""
    paths = [TEXTS[text] for text in sorted(TAKEN["path"])]
    project = make(**PLAIN, **cell(number), unmanaged=paths)
    files, before = tree(project), tree(plain[CELLS[number][0]])
    assert recorded(project)["unmanaged"] == paths
    assert [name for name in before if before[name] != files.get(name)] == [shape.ANSWERS]


def test_names_in_a_policy(make: Make) -> None:
    """TOML reads what was given."""
    policy = {
        "required_labels": [TEXTS[text] for text in sorted(TAKEN["required label"])],
        "allowed_registries": [TEXTS[text] for text in sorted(TAKEN["allowed registry"])],
    }
    project = make(policy=policy)
    assert settings(project)["rules"] == policy
    assert recorded(project)["policy"] == policy


def refused(refusal: Refusal, flags: Mapping[str, str], answers_file: Path | None = None) -> str:
    """Return the error for one answer as it is typed, by its type or by its validator."""
    message = ""
    try:
        ((question, answer),) = questions.collect(answers_file, {}, flags).items()
        return refusal(question, answer)
    except UsageError as error:
        message = error.message
    assert message.isprintable(), message
    assert len(message) < 300, message
    return message


@table(
    "question", [question for question in questions.load() if question.type == "yaml"]
)  # fmt: skip
def test_yaml(refusal: Refusal, question: questions.Question) -> None:
    """Unexpected types, recursive aliases and endless depth are refused by name."""
    # A word is the name of a package.
    expected = {"text"} if question.name == "runtime_packages" else set()
    found = set()
    for written, text in YAML.items():
        said = refused(refusal, {question.name: text})
        if not said:
            found.add(written)
        else:
            assert said.startswith((f"{question.name}: ", f"{question.flag} isn't valid YAML"))
    assert found == expected


def test_no_text_is_a_port(refusal: Refusal) -> None:
    """It is a whole number from 1024 on, and not one that Python alone would read."""
    for text in TEXTS.values():
        assert refused(refusal, {"port": text}).startswith(("--port is ", "port: "))
    assert refused(refusal, {"port": " 1024 "}) == ""


def test_yaml_in_an_answers_file(refusal: Refusal, tmp_path: Path) -> None:
    """For a question of each type that is no YAML: the file or the question is named."""
    file = tmp_path / "answers.yml"
    asked = {(one.type, bool(one.choices)): one for one in questions.load() if one.type != "yaml"}
    for question, (written, text) in itertools.product(asked.values(), YAML.items()):
        if "\0" in text or text in {"", "a"} or (question.type, written) == ("bool", "boolean"):
            continue  # no YAML, or text, which has tests of its own, or a good answer
        value = text.replace("--- a\n--- b", "&x *x")
        file.write_text(f"{question.name}:\n  {value}\n")
        said = refused(refusal, {}, file)
        assert question.name in said or str(file) in said, (question.name, written)


@pytest.mark.parametrize("number", range(len(CELLS)), ids=["go", "python", "node"])
@pytest.mark.parametrize("access", ["ssh", "token"])
def test_every_answer_at_once(make: Make, number: int, access: str) -> None:
    """No answer opens the way for another one."""
    chosen = {
        **cell(number),
        "flavor": ("alpine", "slim")[number % 2],  # scratch takes no packages
        "private_dependencies": access,
        "build_ca": True,
        "ca_certificates": PEM,
    }
    values = {
        "name": "null",
        "port": 1024,
        "registry": "0x1:1/a__b",
        "private_host": TEXTS["octal"],
        "package_index": f"https://hostile.invalid/{TEXTS['option']}",
        "runtime_packages": [TEXTS["exponent"]],
    }
    answers: Mapping[str, Any] = {
        **chosen,
        **values,
        "labels": {"a": TEXTS["instruction-on-one-line"], "b": TEXTS["backslash"]},
        "policy": {"size_mb": 1e-5, "ignored_rules": {"DG101": TEXTS["quotes"]}},
        "unmanaged": [TEXTS["traversal"], "README.md"],
    }
    project = make(**answers)
    assert {name: recorded(project)[name] for name in answers} == answers
    assert shape.labels(project) == answers["labels"]
    assert settings(project)["rules"] == {"ignored": {"DG101": TEXTS["quotes"]}}
    assert not (project / "README.md").exists()
    # Without what has a shape of its own, all else is the plain project's.
    usual = make(**chosen, **values)
    assert_only_values_differ(usual, make(**chosen, **PLAIN, **MORE), **values)
    found, expected = tree(project), tree(usual)
    expected.pop("README.md")
    different = {name for name in expected if expected[name] != found.get(name)}
    assert different == {"Dockerfile", "dockgen.toml", shape.ANSWERS}
    assert found.keys() == expected.keys()
    assert shape.structures(project)["Dockerfile"] == shape.structures(usual)["Dockerfile"]


@pytest.mark.parametrize("name", ["my-app", "docker"])
def test_git_ignores_the_binary_and_no_folder(make: Make, name: str) -> None:
    """A Go project called docker keeps its certificates there."""
    project = make(name=name, language="go", ca_certificates=PEM)
    subprocess.run(["git", "init", "--quiet", project], check=True)
    asked = [f"{name}/own.go", "docker/ca-certificates.crt"]
    done = subprocess.run(
        ["git", "check-ignore", *asked], cwd=project, capture_output=True, text=True
    )
    assert done.stdout == ""
    if name != "docker":
        (project / name).touch()
        subprocess.run(["git", "check-ignore", "--quiet", name], cwd=project, check=True)


def test_the_lists_are_complete() -> None:
    """A question that has no tests here yet is named."""
    tested = {question for question, *_ in PLACES.values()}
    tested |= {
        "port",
        "build_ca",
        "cgo",
        "compose_name",
    }  # numbers, yes and no: above, with what YAML makes of it
    tested.add("existing")  # a mapping of many: below
    free = {question.name for question in questions.load() if not question.choices}
    assert free == tested
    assert set(itertools.chain(*TAKEN.values())) <= set(TEXTS)


@table(
    "more",
    [
        {"health": '/"; rm -rf /'},
        {"health": "healthz"},
        {"environment": {"A B": "c"}},
        {"required": ["A;B"]},
        {"port_setting": 'PORT")'},
        {"files": ["a b"]},
        {"folder": "a$(touch b)"},
        {"context": "../.. /"},
        {"volumes": ["/data /"]},
        {"mains": {"a;b": "."}},
        {"mains": {"a": ". && true"}},
        {"install": {"scripts": ["a && b"]}},
        {"install": {"extras": ["a`b`"]}},
        {"processes": {"a: b": ["c"]}},
        {"build": ["true\nRUN false"]},
        {"command": "serve"},
    ],
)
def test_what_add_found_is_names_and_paths(more: Mapping[str, Any], tmp_path: Path) -> None:
    """Someone else may have written the answers file: what has another form is refused."""
    existing = {"command": ["serve"], **more}
    with pytest.raises(UsageError, match="existing: "):
        template.render(tmp_path / "app", {"existing": existing, "language": "go"}, ask=())
