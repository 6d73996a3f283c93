"""The survey: a repository's services, and everything about the chosen one."""

from importlib import import_module
from typing import cast

from dockgen.detect import evidence, resolve
from dockgen.detect.model import (
    BY_NAME,
    Claim,
    Conflict,
    Detected,
    Evidence,
    Given,
    Language,
    Signal,
    Strength,
)
from dockgen.detect.repository import Repository, join, within
from dockgen.errors import ProjectError, UsageError

# A module or package each; the order is for messages, and no preference.
LANGUAGES = ("go", "node", "python")
_MODULES = {"go": "golang"}


def language(name: str) -> Language:
    """Return the module of a language."""
    module = import_module(f"dockgen.detect.{_MODULES.get(name, name)}")
    return cast(Language, module)


def claims(repository: Repository, given: Given) -> list[Claim]:
    """Return possible services, in the languages and the folder that the user named, if any."""
    named = given.get("language")
    found = [
        claim
        for name in ((named,) if named else LANGUAGES)
        for claim in language(name).claims(repository)
    ]
    folder = given.get("path")
    if folder is None:
        return found
    inside = [claim for claim in found if claim.folder == folder]
    return inside or [claim for claim in found if within(claim.folder, folder)]


def look(repository: Repository, given: Given) -> Detected:
    """Return everything about the service that the user chose, or about the only one.

    Raises:
        UsageError: the folder or language that the user named isn't there.
        ProjectError: nothing here looks like a service.
    """
    found = claims(repository, given)
    strong = [claim for claim in found if claim.signal.strength is Strength.STRONG]
    chosen = strong or found
    skipped = tuple(sorted(repository.skipped.items()))
    if not chosen:
        raise _nothing(repository, given)
    if undecided := _undecided(chosen):
        return Detected({}, undecided, (), skipped)
    claim = chosen[0]
    folder = claim.folder
    told = {**given, "path": folder, "language": claim.language}
    collected = Evidence()
    collected.signals["language"] = [replace_value(claim.signal, claim.language)]
    collected.signals["path"] = [replace_value(claim.signal, folder)]
    for other in found:
        if other.language != claim.language:
            weak = Signal(
                other.language,
                other.signal.words,
                other.signal.file,
                other.signal.line,
                Strength.WEAK,
            )
            collected.signals["language"].append(weak)
    collected.take(language(claim.language).look(repository, folder, told))
    collected.take(evidence.look(repository, folder, collected))
    collected.default("root", folder, "the service's own folder")
    said = {name: value for name, value in given.items() if name not in ("path", "language")}
    for name in ("path", "language"):
        if given.get(name) == told[name]:
            said[name] = given[name]
    return resolve.resolve(collected, said, sorted(repository.skipped.items()))


def replace_value(signal: Signal, value: str) -> Signal:
    """Return the same signal for another topic."""
    return Signal(value, signal.words, signal.file, signal.line, signal.strength)


def _undecided(chosen: list[Claim]) -> tuple[Conflict, ...]:
    """Return the conflict between several services: languages in one folder, or folders."""
    folders = list(dict.fromkeys(claim.folder for claim in chosen))
    if len(folders) > 1:
        seen = {claim.folder: replace_value(claim.signal, claim.folder) for claim in chosen}
        return (Conflict(BY_NAME["path"], tuple(seen[folder] for folder in folders)),)
    if len(chosen) > 1:
        signals = tuple(replace_value(claim.signal, claim.language) for claim in chosen)
        return (Conflict(BY_NAME["language"], signals),)
    return ()


def _nothing(repository: Repository, given: Given) -> ProjectError | UsageError:
    folder = given.get("path")
    where = repository.root / folder if folder else repository.root
    if folder and join(".", folder) not in repository.folders:
        return UsageError(
            f"{where} has no files that git tracks", "use another folder: --path FOLDER"
        )
    named = given.get("language")
    return ProjectError(
        f"{where} has nothing that looks like a {named or 'Go, Python or Node'} service",
        "say where it is and what it is: dockgen add --path FOLDER --language LANGUAGE",
    )
