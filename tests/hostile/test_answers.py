"""Hostile answers: refused by name, or the project parses to what it is with a plain one."""

import itertools
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dockgen import checks, questions
from dockgen.errors import UsageError
from tests.conftest import Make, tree
from tests.hostile import shape
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

HADOLINT = Path(sys.executable).parent / "hadolint"

PEM = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n"


@pytest.fixture(scope="session")
def plain(make: Make) -> dict[str, Path]:
    """A project with plain answers for each language."""
    return {
        language: make(
            **PLAIN, language_version=VERSIONS[language], language=language, flavor=flavor, ci=ci
        )
        for language, flavor, ci in CELLS
    }


def refusal(make: Make, **answers: Any) -> str:
    """What is said about an answer: one line that a terminal can show."""
    with pytest.raises(UsageError) as caught:
        make(**answers)
    assert caught.value.message.isprintable(), caught.value.message
    assert len(caught.value.message) < 300
    return caught.value.message


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("question", ["name", "language_version", "registry"])
def test_text(make: Make, plain: dict[str, Path], question: str, text: str) -> None:
    """A line that names the question, or nothing but the value differs."""
    chosen = cell([*TEXTS].index(text))
    if question == "language_version" and text == "version":
        # Of Python there can be a 3.20, which YAML would read as 3.2.
        chosen = cell([chosen[0] for chosen in CELLS].index("python"))
    answers = {**PLAIN, **chosen, question: TEXTS[text]}
    if text not in TAKEN[question]:
        assert refusal(make, **answers).startswith(f"{question}: ")
        return
    project = make(**answers)
    assert_only_values_differ(project, plain[chosen["language"]], **{question: TEXTS[text]})


@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language, names in NAMES.items() for name in names]
)
def test_a_name_that_means_something(
    make: Make, plain: dict[str, Path], language: str, name: str
) -> None:
    """To the language, to its tools, to Docker or to Windows: it is a name like any other."""
    number = [chosen[0] for chosen in CELLS].index(language)
    project = make(**PLAIN | {"name": name}, **cell(number))
    assert_only_values_differ(project, plain[language], name=name)


def test_a_name_that_docker_keeps_to_itself(make: Make) -> None:
    """No image can be tagged so."""
    assert refusal(make, name="sha256").startswith("name: ")


def test_a_folder_with_that_name_gives_another_one(make: Make) -> None:
    """As any folder gives a name that is good."""
    assert recorded(make())["name"] == "my-app"


@pytest.mark.parametrize("name", ["__", "a__b", "a__", "_a", "a.b", "a_b", "a-", "-a", "1a"])
def test_what_docker_or_a_language_takes_for_no_name(make: Make, name: str) -> None:
    """Two underscores, a dash last, a digit first: one rule for all of them."""
    assert refusal(make, name=name).startswith("name: ")


@pytest.mark.parametrize("version", ["1", "0.1", "27", "2.0"])
def test_go_takes_no_such_version(make: Make, version: str) -> None:
    """go.mod would not parse."""
    message = refusal(make, language="go", language_version=version)
    assert message.startswith("language_version: ")


@pytest.mark.parametrize(
    "registry",
    ["a..b", "a-/b", "-a", "a/b..c", "a/b___c", "a/.b", "a:", "a:123456", "a/b:1", "a@b", "[::1]"],
)
def test_what_docker_takes_for_no_registry(make: Make, registry: str) -> None:
    """The build would stop at the first line."""
    assert refusal(make, registry=registry).startswith("registry: ")


@pytest.mark.parametrize(
    "registry",
    [
        "localhost:5000",
        "127.0.0.1:5000/a",
        "a.b-c/d__e/f.g/h---i",
        "xn--caf-dma.example",
        "a" * 200,
    ],
)
def test_what_docker_takes_for_a_registry(
    make: Make, plain: dict[str, Path], registry: str
) -> None:
    """Each part may be as odd as Docker allows."""
    project = make(**PLAIN | {"registry": registry}, **cell(1))
    assert_only_values_differ(project, plain["python"], registry=registry)


@pytest.mark.parametrize("text", TEXTS)
def test_text_as_a_host(make: Make, plain_with: Make, text: str) -> None:
    """Of private packages: it goes into Dockerfiles, commands and pages."""
    answers = {**PLAIN, **cell([*TEXTS].index(text)), "private_dependencies": "token"}
    if text not in TAKEN["host"]:
        message = refusal(make, **answers, private_host=TEXTS[text])
        assert message.startswith("private_host: ")
        return
    project = make(**answers, private_host=TEXTS[text])
    before = plain_with(**answers, private_host=MORE["private_host"])
    assert_only_values_differ(project, before, private_host=TEXTS[text])


@pytest.mark.parametrize("text", sorted(set(TEXTS) - {"empty"}))
def test_no_index(make: Make, text: str) -> None:
    """None of these is an address."""
    message = refusal(make, **cell([*TEXTS].index(text)), package_index=TEXTS[text])
    assert message.startswith("package_index: ")


@pytest.mark.parametrize("text", TEXTS)
def test_text_in_an_index(make: Make, plain_with: Make, text: str) -> None:
    """Behind a good address: refused where it says something besides the path."""
    answers = {**PLAIN, **cell([*TEXTS].index(text))}
    index = f"https://hostile.invalid/{TEXTS[text]}"
    if text not in TAKEN["index path"]:
        assert refusal(make, **answers, package_index=index).startswith("package_index: ")
        return
    project = make(**answers, package_index=index)
    before = plain_with(**answers, package_index=MORE["package_index"])
    assert_only_values_differ(project, before, package_index=index)


@pytest.mark.parametrize("text", TEXTS)
def test_text_as_a_package(make: Make, plain_with: Make, text: str) -> None:
    """Of the distribution: apt would read more than a name there."""
    answers = {**PLAIN, **cell(1)}
    if text not in TAKEN["package"]:
        message = refusal(make, **answers, runtime_packages=[TEXTS[text]])
        assert message.startswith("runtime_packages: ")
        return
    project = make(**answers, runtime_packages=[TEXTS[text]])
    before = plain_with(**answers, runtime_packages=MORE["runtime_packages"])
    assert_only_values_differ(project, before, runtime_packages=[TEXTS[text]])


@pytest.mark.parametrize("port", [1024, 65535])
def test_the_ports_at_the_bounds(make: Make, plain: dict[str, Path], port: int) -> None:
    """Wherever the port stands, it is that number."""
    for number, (language, *_) in enumerate(CELLS):
        project = make(**PLAIN | {"port": port}, **cell(number))
        assert_only_values_differ(project, plain[language], port=port)


@pytest.mark.parametrize("text", TEXTS)
def test_text_as_a_port(given: Make, text: str) -> None:
    """There is no port among them."""
    assert refusal(given, port=TEXTS[text]).startswith(("--port is ", "port: "))


@pytest.mark.parametrize("number", range(len(CELLS)), ids=["go", "python", "node"])
def test_labels_are_the_texts(make: Make, plain: dict[str, Path], number: int) -> None:
    """Docker reads what was given; nothing else in the Dockerfile is another, nor elsewhere."""
    labels = {f"x-{text}": TEXTS[text] for text in sorted(TAKEN["label"])}
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


@pytest.mark.parametrize("text", sorted(set(TEXTS) - TAKEN["label"]))
def test_no_text_for_a_label(make: Make, text: str) -> None:
    """What is no line of text, and what is too long for one."""
    assert refusal(make, labels={"a": TEXTS[text]}).startswith("labels: ")


@pytest.mark.parametrize("number", range(len(CELLS)), ids=["go", "python", "node"])
def test_names_of_labels(make: Make, number: int) -> None:
    """Words that are something else in YAML are names here."""
    labels = {TEXTS[text]: text for text in TAKEN["label name"]}
    project = make(**cell(number), labels=labels)
    assert shape.labels(project) == labels
    assert recorded(project)["labels"] == labels


@pytest.mark.parametrize("text", sorted(set(TEXTS) - TAKEN["label name"]))
def test_no_name_for_a_label(make: Make, text: str) -> None:
    """Neither Docker nor hadolint takes it."""
    assert refusal(make, labels={TEXTS[text]: "a"}).startswith("labels: ")


def settings(project: Path) -> dict[str, Any]:
    """What dockgen.toml says."""
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


@pytest.mark.parametrize("text", sorted(set(TEXTS) - TAKEN["reason"]))
def test_no_reason(make: Make, text: str) -> None:
    """What is no line of text is none, and neither is a blank."""
    message = refusal(make, policy={"ignored_rules": {"DG101": TEXTS[text]}})
    assert message.startswith("policy: ")


@pytest.mark.parametrize(
    ("key", "kind"),
    [("required_labels", "required label"), ("allowed_registries", "allowed registry")],
)
def test_names_in_a_policy(make: Make, key: str, kind: str) -> None:
    """TOML reads what was given."""
    names = [TEXTS[text] for text in sorted(TAKEN[kind])]
    project = make(policy={key: names})
    assert settings(project)["rules"] == {key: names}
    assert recorded(project)["policy"] == {key: names}


@pytest.mark.parametrize("text", TEXTS)
def test_keys_of_a_policy(make: Make, text: str) -> None:
    """None of these is one, and the message shows it on one line."""
    key = TEXTS[text]
    policies = [{key: 1}, {"size_mb": {key: 1}}, {"ignored_rules": {key: "a"}}]
    policy = policies[[*TEXTS].index(text) % len(policies)]
    assert refusal(make, policy=policy).startswith("policy: ")


@pytest.mark.parametrize("text", sorted(set(TEXTS) - {"empty"}))
def test_no_certificate(make: Make, text: str) -> None:
    """Alone, before one, inside of one or behind it."""
    wrong = TEXTS[text] if TEXTS[text].strip() else "x"
    texts = [wrong, wrong + PEM, PEM.replace("MIIB", f"MIIB\n{wrong}!\n"), PEM + wrong]
    chosen = texts[[*TEXTS].index(text) % len(texts)]
    assert refusal(make, ca_certificates=chosen).startswith("ca_certificates: ")


@pytest.mark.parametrize("number", range(len(CELLS)), ids=["go", "python", "node"])
def test_paths_lead_nowhere(make: Make, plain: dict[str, Path], number: int) -> None:
    """They are patterns for files of the project; none of these is one, and no file is left out."""
    paths = [TEXTS[text] for text in sorted(TAKEN["path"])]
    project = make(**PLAIN, **cell(number), unmanaged=paths)
    files, before = tree(project), tree(plain[CELLS[number][0]])
    assert recorded(project)["unmanaged"] == paths
    assert [name for name in before if before[name] != files.get(name)] == [shape.ANSWERS]


@pytest.mark.parametrize("text", sorted(set(TEXTS) - TAKEN["path"]))
def test_no_path(make: Make, text: str) -> None:
    """What is no line of text can't be one, and git's patterns end in no backslash."""
    assert refusal(make, unmanaged=[TEXTS[text]]).startswith("unmanaged: ")


@pytest.mark.parametrize("written", YAML)
@pytest.mark.parametrize(
    "question", [question for question in questions.load() if question.type == "yaml"],
    ids=lambda question: question.name,
)  # fmt: skip
def test_yaml(given: Make, question: questions.Question, written: str) -> None:
    """Types that nobody expects, aliases to themselves, a depth without end: refused by name."""
    if question.name == "runtime_packages" and written in {"text", "in-bytes"}:
        pytest.skip("a word is the name of a package, and copier reads bytes as text")
    message = refusal(given, **{question.name: YAML[written]})
    assert message.startswith((f"{question.name}: ", f"{question.flag} is not valid YAML"))


@pytest.mark.parametrize("written", YAML)
def test_yaml_in_an_answers_file(make: Make, tmp_path: Path, written: str) -> None:
    """For each question that takes no YAML: the file or the question is named."""
    if "\0" in YAML[written] or YAML[written] in {"", "a"}:
        pytest.skip("no YAML, or text, which has tests of its own")
    file = tmp_path / "answers.yml"
    for question in questions.load():
        if question.type == "yaml" or (question.type, written) == ("bool", "boolean"):
            continue  # the value is the same as on the command line, or a good one
        value = YAML[written].replace("--- a\n--- b", "&x *x")
        file.write_text(f"{question.name}:\n  {value}\n")
        with pytest.raises(UsageError) as caught:
            make(**questions.collect(file, {}, {}))
        assert question.name in caught.value.message or str(file) in caught.value.message
        assert caught.value.message.isprintable()
        assert len(caught.value.message) < 300


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
    tested = {"name", "language_version", "port", "registry", "labels", "ca_certificates"}
    tested |= {"policy", "unmanaged", "private_host", "package_index", "runtime_packages"}
    tested |= {"build_ca", "cgo"}  # yes or no: above, with what YAML makes of things
    free = {question.name for question in questions.load() if not question.choices}
    assert free == tested
    assert set(itertools.chain(*TAKEN.values())) <= set(TEXTS)
