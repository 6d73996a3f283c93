"""Mutations of dockgen: each rule, limit, validator and template line, one at a time.

Most of it is YAML, Jinja and Dockerfiles, which Python's tools don't know. For Python, mutmut skips
functions with a decorator, which each rule has, and cosmic-ray starts a new Python for each
mutation, which takes longer than the tests.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Mutation:
    """A mutation: ``text`` replaces the content of ``path``, and the tests should notice.

    ``group`` is its line in the table, ``what`` says what was done to ``line``, and ``tests`` are
    arguments of pytest.
    """

    group: str
    path: str
    line: int
    what: str
    text: str
    tests: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its key in KNOWN."""
        return f"{self.path}: {self.what}"

    @property
    def needs_engine(self) -> bool:
        """Whether only a build can notice it."""
        return self.group == "Dockerfiles"


def cut(
    group: str, path: Path, span: tuple[int, int], words: str, tests: Sequence[str]
) -> Mutation:
    """Replace the characters from ``span[0]`` to ``span[1]`` with ``words``."""
    text = path.read_text(encoding="utf-8")
    before, after = " ".join(text[slice(*span)].split()), " ".join(words.split())
    return Mutation(
        group,
        path.relative_to(ROOT).as_posix(),
        text.count("\n", 0, span[0]) + 1,
        f"{before} -> {after}" if after else f"without {before}",
        text[: span[0]] + words + text[span[1] :],
        tuple(tests),
    )


# Python: the rules.

OPERATORS = {
    ast.Eq: ["!="], ast.NotEq: ["=="], ast.In: ["not in"], ast.NotIn: ["in"],
    ast.Is: ["is not"], ast.IsNot: ["is"],
    # The opposite, and off by one.
    ast.Lt: [">=", "<="], ast.GtE: ["<", ">"], ast.Gt: ["<=", ">="], ast.LtE: [">", "<"],
}  # fmt: skip


_CHECKS = "tests/unit/checks"
# The tests of modules without a test file of the same name.
CHECKED_BY = {
    "__init__": [_CHECKS, "tests/unit/verdict/test_choice.py"],
    "copied": [f"{_CHECKS}/test_files.py"],
    "growth": ["tests/unit/verdict/test_choice.py", "-k", "growth"],
    "layers": [f"{_CHECKS}/test_image.py", f"{_CHECKS}/test_contents.py"],
    "model": [_CHECKS, "tests/unit/verdict/test_choice.py"],
    "network": [f"{_CHECKS}/test_running.py"],
}


def rules() -> Iterator[Mutation]:
    """Yield comparisons reversed, conditions negated or shortened, findings removed."""
    for path in sorted((ROOT / "src/dockgen/checks").glob("*.py")):
        tests = CHECKED_BY.get(path.stem, [f"{_CHECKS}/test_{path.stem}.py"])
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            for changed, words in _instead(node):
                span = _span(changed, text)
                yield cut("rules", path, span, words, tests)


def _instead(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield replacements for an expression."""
    match node:
        case ast.Compare(left, [operator], [right]):
            for other in OPERATORS[type(operator)]:
                yield node, f"{ast.unparse(left)} {other} {ast.unparse(right)}"
        case ast.BoolOp(operator, values):
            for dropped in values:
                kept = [value for value in values if value is not dropped]
                whole = ast.BoolOp(operator, kept) if len(kept) > 1 else kept[0]
                yield node, f"({ast.unparse(whole)})"
        case ast.UnaryOp(ast.Not(), operand):
            yield node, f"bool({ast.unparse(operand)})"
        case ast.Expr(ast.Yield() | ast.YieldFrom() as found):
            yield found, "yield from ()"
    match node:
        case (
            ast.If(test=ast.Name() | ast.Attribute() | ast.Call() as test)
            | ast.IfExp(test=ast.Name() | ast.Attribute() | ast.Call() as test)
        ):
            yield test, f"not {ast.unparse(test)}"


def _span(node: ast.expr, text: str) -> tuple[int, int]:
    """Return where an expression begins and ends; Python counts a line's bytes."""
    lines = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    end = offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return offset(node.lineno, node.col_offset), end


# copier.yml and templates/questions: validators, exclusions and limits.

QUESTIONNAIRE = ROOT / "copier.yml"
# The tests of refused and accepted answers: those for the first pattern that matches the question.
# The ones that only run the validator come first.
_ANSWERS, _PACKAGES = (
    "tests/integration/templates/test_team_answers.py",
    "tests/integration/templates/test_packages.py",
)
_PRIVATE, _NODE = (
    "tests/integration/templates/test_private.py",
    "tests/integration/templates/test_node.py",
)
_TEXTS, _FLAGS = "tests/hostile/test_answers.py", "tests/integration/cli/test_new.py"
# Each with a project whose answers are the defaults.
_DEFAULTS = "other_choices_stay"
REFUSALS = {
    "name": [_TEXTS, _ANSWERS, "-k",
             f"{_DEFAULTS} or test_texts and name or test_bounds or gives_a_name"],
    "registry": [_TEXTS, _ANSWERS, _PACKAGES, "-k",
                 f"{_DEFAULTS} or test_texts and registry or test_bounds or impossible"],
    "private_host": [_TEXTS, _ANSWERS, _PRIVATE, "-k",
                     f"{_DEFAULTS} or test_texts and host or no_host or a_host or somewhere"],
    "existing": [_TEXTS, "-k", "found_in_a_repository or no_dockerfile_can_say"],
    "private_dependencies": [_PRIVATE, "-k", "taken_away"],
    "package_index": [_TEXTS, _ANSWERS, _PRIVATE, "-k",
                      f"{_DEFAULTS} or test_texts and index or an_index or no_index"],
    "labels": [_TEXTS, _ANSWERS, _PACKAGES, "-k",
               f"{_DEFAULTS} or test_texts and label or labels or impossible"],
    "ca_certificates": [_TEXTS, _ANSWERS, "-k",
                        "test_texts and certificate or authorities or certificate_is or private_key"
                        " or no_certificate"],
    "policy": [_TEXTS, _ANSWERS, "-k",
               "test_texts and (reason or rule or size or required or allowed) or policy"],
    "runtime_packages": [_TEXTS, _PACKAGES, "-k", "test_texts and package or taken or refused"],
    "unmanaged": [_TEXTS, _PACKAGES, _FLAGS, "-k",
                  "test_texts and path or test_yaml or impossible or bad_answer"],
    "language_version": [_TEXTS, _PACKAGES, _NODE, "-k",
                         "test_texts and version or test_bounds or impossible or no_version"
                         " or old_node"],
    ".*": [_TEXTS, _ANSWERS, _PACKAGES, "tests/integration/combinations/test_pairwise.py", "-k",
           "test_bounds or no_text_is or away or another_language or impossible or excludes"],
}  # fmt: skip
# The tests that count a project's files.
_FILES = [f"tests/integration/templates/test_{name}.py" for name in ("files", "ci", "existing")] + [
    "-k", "made_of or chosen_files or unmanaged or workflow_builds"
]  # fmt: skip
_CONDITION = re.compile(r"\{% (?:el)?if (.+?) %\}", re.DOTALL)
_ANCHOR = re.compile(r"(?<=')\^|\\\\A|\\\\Z")
_BOUND = re.compile(r"(?<=[<>] )\d+|(?<=[<>]= )\d+|\d+(?= <=)")


def validators() -> Iterator[Mutation]:
    """Yield each validator turned off; each condition, part, bound and anchor changed."""
    text = QUESTIONNAIRE.read_text(encoding="utf-8")
    for found in re.finditer(r'(?m)^( +)validator: (?:"(.*)"|>-\n((?:\1  .*\n)+))', text):
        question = re.findall(r"(?m)^(\w+):$", text[: found.start()])[-1]
        group = 2 if found[2] else 3
        path, at, body = QUESTIONNAIRE, found.start(group), found[group]
        if "{% include" in body:
            path, at = ROOT / f"templates/questions/{question}.jinja", 0
            body = path.read_text(encoding="utf-8")
        tests = next(tests for names, tests in REFUSALS.items() if re.fullmatch(names, question))
        for start, end, words in _parts(body):
            yield cut("validators", path, (at + start, at + end), words, tests)


def _parts(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the parts of a validator that can be changed: start, end and replacement."""
    conditions = list(_CONDITION.finditer(text))
    if not conditions:
        yield 0, len(text), re.sub(r"\S.*\S", "", text, flags=re.DOTALL)
    for found in conditions:
        yield *found.span(1), "false"
        for word in (" or ", " and "):
            parts = _split(found[1], word)
            if len(parts) > 1:
                for number in range(len(parts)):
                    kept = word.join(parts[:number] + parts[number + 1 :])
                    yield *found.span(1), kept
                break
        for bound in _BOUND.finditer(found[1]):
            for other in (int(bound[0]) - 1, int(bound[0]) + 1):
                at = found.start(1)
                yield at + bound.start(), at + bound.end(), str(other)
    if not conditions and (second := re.search(r" or \(.*\)(?= \}\})", text)):
        yield *second.span(), ""
    for pattern in re.finditer(r"'[^']*'", text):
        for anchor in _ANCHOR.finditer(pattern[0]):
            yield *pattern.span(), pattern[0][: anchor.start()] + pattern[0][anchor.end() :]


def _split(condition: str, word: str) -> list[str]:
    """Split a condition at a word, except inside brackets or quotes."""
    parts, depth, quoted = [""], 0, False
    for number, letter in enumerate(condition):
        quoted ^= letter == "'"
        depth += 0 if quoted else (letter in "([{") - (letter in ")]}")
        rest = re.sub(r"\s", " ", condition[number : number + len(word)])
        parts = [*parts, ""] if rest == word and not depth and not quoted else parts
        parts[-1] += letter
    return [parts[0], *(part[len(word) :] for part in parts[1:])]


def limits() -> Iterator[Mutation]:
    """Yield a limit below the measured size, and one that is never reached."""
    for path in sorted(ROOT.glob("templates/*/language.yml")):
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"promised: ([\d.]+), measured: ([\d.]+)", text):
            for promise in (float(found[2]) - 0.5, float(found[1]) + 100):
                words = f"promised: {promise:g}, measured: {found[2]}"
                yield cut("limits", path, found.span(), words, ["tests/unit/test_matrix.py"])


def exclusions() -> Iterator[Mutation]:
    """Yield each path that a project excludes."""
    text = QUESTIONNAIRE.read_text(encoding="utf-8")
    start, end = text.index("_exclude:"), text.index("_message_after_copy:")
    for found in re.finditer(
        r"(?:(?<=')|(?<=\\n))/[^']*?(?=\\n|')|/\{\{ path \}\}", text[start:end]
    ):
        span = start + found.start(), start + found.end()
        yield cut("_exclude", QUESTIONNAIRE, span, "/nothing", _FILES)


# Templates.


def compose() -> Iterator[Mutation]:
    """Yield each line removed, each number and each word of a hardening changed."""
    tests = [
        "tests/integration/templates/test_compose.py",
        "tests/integration/templates/test_private.py",
        "-k",
        "compose",
    ]
    for path in sorted(ROOT.glob("templates/**/compose.yaml.jinja")):
        for start, line in _lines(path):
            yield cut("compose.yaml", path, (start, start + len(line)), "", tests)
            for found in re.finditer(r"\d+(?=m?$)|127\.0\.0\.1|true|\"no\"|ALL|/tmp", line):
                span = start + found.start(), start + found.end()
                yield cut("compose.yaml", path, span, "7", tests)


def ignored() -> Iterator[Mutation]:
    """Yield each line of .dockerignore."""
    for path in sorted(ROOT.glob("templates/**/*dockerignore*")):
        for start, line in _lines(path):
            tests = ["tests/integration/templates/test_dockerignore.py", "-k"]
            tests += ["existing" if path.name.startswith("existing") else "not existing"]
            yield cut(".dockerignore", path, (start, start + len(line)), "", tests)


# What makes an image small, safe or quick to build.
_HARDENING = re.compile(
    r"--mount=type=(?:bind|cache|tmpfs)\S* (?:\\\n\s*)?|--chmod=\d+ |--start-\w+=\S+ "
    r"|--ignore-scripts |--no-install-recommends "
    r"|(?: \\\n\s*&& )?(?:find / .*-delete|rm -rf /var/lib/apt/lists/\*)"
    r"|^(?:RUN find / .*-delete|USER .*|STOPSIGNAL .*|HEALTHCHECK .*\n.*)\n|-trimpath |-s -w "
    r"|\{\{ hash_option \}\} |--require-hashes |--frozen-lockfile |--immutable |--locked ",
    re.MULTILINE,
)


def dockerfiles() -> Iterator[Mutation]:
    """Yield each hardening removed."""
    for path in sorted(ROOT.glob("templates/*/**/*.jinja")):
        if path.name.endswith(".Dockerfile.jinja") or path.parent.name == "package_managers":
            for found in _HARDENING.finditer(path.read_text(encoding="utf-8")):
                words = "RUN " if found[0].startswith("RUN find") else ""
                words = "RUN true\n" if words else ""
                yield cut(
                    "Dockerfiles", path, found.span(), words, ["tests/images", "-k", _case(path)]
                )


_MANAGERS = {
    "go": "go-slim",
    "npm": "node-slim",
    "pip": "python-slim",
}


def _case(path: Path) -> str:
    """Return the images that use a template, as a pytest expression."""
    language, *between, file = path.relative_to(ROOT / "templates").parts
    flavor = file.partition(".")[0]
    if between == ["package_managers"]:
        return _MANAGERS.get(flavor, flavor)
    return f"{language} and {flavor}" + (" and vite" if between else " and not vite")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the position and text of each line that isn't blank, a comment or Jinja's."""
    start = 0
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith(("#", "{%", "---")):
            yield start, line
        start += len(line)


def every() -> tuple[Mutation, ...]:
    """Return all mutations, each once."""
    groups = (rules, validators, limits, exclusions, compose, ignored, dockerfiles)
    return tuple({(one.path, one.text): one for group in groups for one in group()}.values())
