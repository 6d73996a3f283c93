"""Versions of Node that a range, a file or a workflow allows."""

import re
from collections.abc import Iterable

from dockgen import languages
from dockgen.detect import written
from dockgen.detect.model import Evidence
from dockgen.detect.node.manifest import Manifest, manifest
from dockgen.detect.repository import Repository, join

# Code names of LTS lines, which .nvmrc may contain.
_LINES = {
    "argon": 4, "boron": 6, "carbon": 8, "dubnium": 10, "erbium": 12, "fermium": 14,
    "gallium": 16, "hydrogen": 18, "iron": 20, "jod": 22, "krypton": 24,
}  # fmt: skip
_PART = re.compile(
    r"(?P<sign>>=|<=|>|<|=|\^|~>?)?\s*v?(?P<major>\d+|[xX*])"
    r"(?:\.(?P<minor>\d+|[xX*]))?(?:\.(?P<patch>\d+|[xX*]))?(?:[-+][\w.-]+)?"
)
_HYPHEN = re.compile(r"^\s*v?(\S+)\s+-\s+v?(\S+)\s*$")


def lines() -> list[int]:
    """Return the LTS lines, the newest first; lines that are no longer supported come last."""
    newest = int(str(languages.load()["node"]["version"]).partition(".")[0])
    return list(range(newest, 9, -2))


def allowed(text: str) -> list[int] | None:
    """Return the LTS lines with a release in a range; None if it isn't a range."""
    text = text.strip()
    if text in ("", "*", "x", "latest", "node", "current", "stable", "lts", "lts/*", "lts/-1"):
        return lines()
    found = set()
    for part in text.split("||"):
        spans = _spans(part)
        if spans is None:
            return None
        found |= {line for line in lines() if _overlaps(line, spans)}
    return [line for line in lines() if line in found]


def _spans(part: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return the lowest version, and the first one that is too high, as major and minor."""
    if hyphen := _HYPHEN.match(part):
        part = f">={hyphen[1]} <={hyphen[2]}"
    low, high = (0, 0), (10_000, 0)
    words = part.replace(",", " ").strip()
    position = 0
    matched = False
    while position < len(words):
        if words[position].isspace():
            position += 1
            continue
        found = _PART.match(words, position)
        if not found:
            return None
        position = found.end()
        matched = True
        major = found["major"]
        if not major.isdecimal():
            continue
        if len(major) > 4 or len(found["minor"] or "") > 4:
            return None
        at = int(major)
        minor = int(found["minor"]) if (found["minor"] or "").isdecimal() else None
        sign = found["sign"] or ""
        whole = (at, minor or 0)
        after = (at, minor + 1) if minor is not None else (at + 1, 0)
        if sign == ">=":
            low = max(low, whole)
        elif sign == ">":
            low = max(low, after if minor is None else whole)
        elif sign == "<":
            patched = found["patch"] not in (None, "0") and (found["patch"] or "").isdecimal()
            high = min(high, after if patched else whole)
        elif sign == "<=":
            high = min(high, after)
        elif sign == "^":
            low, high = max(low, whole), min(high, (at + 1, 0))
        else:  # exact, or with ~: any release of that line is newer or the same
            low, high = max(low, whole), min(high, (at + 1, 0) if sign != "~" else after)
    return (low, high) if matched else None


def _overlaps(line: int, spans: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    low, high = spans
    return low < (line + 1, 0) and high > (line, 0)


def named(text: str) -> list[int] | None:
    """Return the lines in a .nvmrc or .node-version; a release that isn't LTS means a later one."""
    word = text.strip().removeprefix("v").lower()
    if word.startswith("lts/") and word[4:] in _LINES:
        return [_LINES[word[4:]]]
    found = re.fullmatch(r"(\d{1,3})(?:\.[\dx*]+){0,2}", word)
    if not found:
        return allowed(word)
    major = int(found[1])
    if major % 2 or major not in lines():
        return [line for line in reversed(lines()) if line >= major] or [major + major % 2]
    return [major]


def look(repository: Repository, own: Manifest, root: str, evidence: Evidence) -> None:
    """Add the signals of the version: the package's folder comes before the workspace's root."""
    for folder in dict.fromkeys((own.folder, root, ".")):
        _files(repository, folder, evidence)
        found = manifest(repository, folder)
        _engines(found, evidence)
    for path in written.dockerfiles(repository, own.folder):
        for number, text in enumerate(repository.lines(path), 1):
            image = re.match(r"(?i)\s*FROM\s+(?:--\S+\s+)?(?:\S+/)?node:(\d+)\S*", text)
            if image and not written.is_development(path):
                _add(evidence, _tried([int(image[1])]), image[0].strip(), path, number, weak=True)
                break
    _workflows(repository, evidence)
    _dependencies(repository, own, root, evidence)
    every = tuple(str(one) for one in lines())
    evidence.default("version", every, "the newest LTS", own.file)


def _dependencies(repository: Repository, own: Manifest, root: str, evidence: Evidence) -> None:
    """Add what the dependencies need, according to npm's lock file."""
    path = join(root, "package-lock.json")
    found = repository.json(path) if repository.has(path) else None
    packages = found.get("packages") if isinstance(found, dict) else None
    packages = packages if isinstance(packages, dict) else {}
    for name in {**own.development, **own.dependencies}:
        one = packages.get(f"node_modules/{name}")
        engines = one.get("engines") if isinstance(one, dict) else None
        range_ = engines.get("node") if isinstance(engines, dict) else None
        allows = allowed(range_) if isinstance(range_, str) else None
        if allows and len(set(lines()) - set(allows)) > 5 - (18 in allows):
            line = repository.line(path, f'"node_modules/{name}"')
            _add(evidence, allows, f"{name} needs Node {range_}", path, line, weak=True)


def _tried(found: Iterable[int]) -> list[int]:
    """Return the supported versions that were found; without any, supported ones come first."""
    tried = sorted(found, reverse=True)
    supported = lines()[:2]
    return [one for one in tried if one in supported] or [*supported, *tried]


def _add(
    evidence: Evidence,
    found: Iterable[int] | None,
    words: str,
    file: str,
    line: int,
    *,
    weak: bool = False,
) -> None:
    values = tuple(str(one) for one in found or ())
    if values:
        evidence.add("version", values, words, file, line, weak=weak)


def _files(repository: Repository, folder: str, evidence: Evidence) -> None:
    for name in (".nvmrc", ".node-version"):
        path = join(folder, name)
        text = (repository.text(path) or "").strip() if repository.has(path) else ""
        if text and len(text) < 40:
            _add(evidence, named(text), f"{name} {text}", path, 1)
            return
    path = join(folder, ".tool-versions")
    if repository.has(path):
        for number, text in enumerate(repository.lines(path), 1):
            words = text.split()
            if len(words) > 1 and words[0] in ("nodejs", "node"):
                _add(evidence, named(words[1]), text.strip(), path, number)
    path = join(folder, "mise.toml")
    if repository.has(path):
        tools = repository.toml(path).get("tools")
        version = tools.get("node") if isinstance(tools, dict) else None
        if isinstance(version, str):
            line = repository.line(path, "node")
            _add(evidence, named(version), f"node = {version}", path, line)


def _engines(found: Manifest, evidence: Evidence) -> None:
    for key in ("engines", "volta"):
        range_ = found.words(key).get("node")
        if not range_:
            continue
        lines_ = allowed(range_) if key == "engines" else named(range_)
        if lines_ is not None and not lines_:
            newest = re.findall(r"\d+", range_)
            lines_ = [max(int(one) for one in newest if len(one) < 4)] if newest else []
        line = found.line('"node"')
        _add(evidence, lines_, f"{key}.node {range_}", found.file, line)


def _workflows(repository: Repository, evidence: Evidence) -> None:
    """Add the versions that CI tests with: those of all jobs together, and only as a hint."""
    found: set[int] = set()
    place = ("", 0)
    for path in written.workflows(repository):
        for number, text in enumerate(repository.lines(path), 1):
            told = re.match(r"\s*-?\s*['\"]?(?:node-version|node_version|node)['\"]?:\s*(.+)", text)
            if not told or "${{" in told[1]:
                continue
            for word in re.findall(r"\d+(?:\.[\dx]+)*", told[1]):
                if len(word.partition(".")[0]) < 3 and int(word.partition(".")[0]) in lines():
                    found.add(int(word.partition(".")[0]))
                    place = place if place[0] else (path, number)
    if found:
        words = f"CI runs on Node {', '.join(str(one) for one in sorted(found))}"
        _add(evidence, _tried(found), words, *place, weak=True)
