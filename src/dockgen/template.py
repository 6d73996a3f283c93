"""The template: asked and rendered through copier, from the bundle. The only importer of copier.

copier takes a third of a second to import, so that happens inside the functions that need it.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dockgen import bundle, git, questions
from dockgen.apply import cannot_write
from dockgen.errors import Interrupted, UsageError

ANSWERS_FILE = ".copier-answers.yml"


@dataclass(frozen=True)
class Rendering:
    """A rendered project: where it is, its answers, and the template's version."""

    directory: Path
    answers: Mapping[str, Any]
    version: str


def render(directory: Path, answers: Mapping[str, Any], ask: Sequence[str]) -> Rendering:
    """Render the newest template into ``directory``.

    Args:
        directory: doesn't exist yet; its name is what the project's name is made from.
        answers: given answers; questions without one take their default.
        ask: the questions to ask on the terminal first.

    Raises:
        UsageError: an answer is not allowed; the message names the question.
        Interrupted: Ctrl-C while asking.
        ProjectError: the disk is full or can't be written.
        ToolMissingError: git is missing or too old.
    """
    git.require()
    with offline() as manifest:
        given = _copy(manifest, manifest.latest.version, directory, answers, ask)
        named = {question.name for question in questions.load()}
        kept = {name: value for name, value in given.items() if name in named}
        return Rendering(directory, kept, manifest.latest.version)


def render_version(
    manifest: bundle.Manifest, version: str, directory: Path, answers: Mapping[str, Any]
) -> None:
    """Render one version of the template into ``directory``, within `offline`; nothing is asked.

    Answers that are no question of that version may stand in for the default of one.

    Raises:
        UsageError: an answer is not allowed; the message names the question.
        ProjectError: the disk is full or can't be written.
    """
    _copy(manifest, version, directory, answers, ask=())


def update(version: str, project: Path, data: Mapping[str, Any]) -> None:
    """Let copier bring a clean git clone of a project to ``version``, within `offline`.

    Conflicts are left in the files, and in the clone's index.

    Args:
        version: a release in the bundle.
        project: the root of the clone; its answers file names the template's address.
        data: answers that change.

    Raises:
        UsageError: an answer is not allowed; the message names the question.
        ProjectError: the disk is full or can't be written.
    """
    import copier

    with _readable_errors(project):
        copier.run_update(
            project,
            dict(data),
            vcs_ref=version,
            defaults=True,
            overwrite=True,
            conflict="inline",
            quiet=True,
            settings=copier.Settings(),
        )


def _copy(
    manifest: bundle.Manifest,
    version: str,
    directory: Path,
    answers: Mapping[str, Any],
    ask: Sequence[str],
) -> Mapping[str, Any]:
    """Render; return all answers."""
    import copier

    with _readable_errors(directory):
        done = copier.run_copy(
            manifest.url,
            directory,
            dict(answers),
            vcs_ref=version,
            defaults=True,
            ask=ask,
            quiet=True,
            # The user's own copier settings could answer our questions with something that
            # is no choice of theirs; ours is the only source here, and needs no trust.
            settings=copier.Settings(),
        )
    return done.answers.user


@contextmanager
def _readable_errors(directory: Path) -> Iterator[None]:
    """Turn what copier raises into errors for the user."""
    import copier.errors

    try:
        yield
    except copier.errors.CopierAnswersInterrupt as interrupt:
        raise Interrupted("interrupted: nothing is left behind") from interrupt
    except (ValueError, copier.errors.UserMessageError) as error:
        raise UsageError(_readable(error), "see: dockgen new --help") from error
    except OSError as error:
        raise cannot_write(directory, error) from error


def _readable(error: Exception) -> str:
    """What copier says of a bad answer, without its preamble: ``port: 1024 to 65535``."""
    words = str(error)
    for preamble in ("Validation error for question ", "Invalid choice for "):
        if words.startswith(preamble):
            name, _, reason = words.removeprefix(preamble).partition(": ")
            return f"{name.strip(chr(39))}: {reason}"
    return words


@contextmanager
def offline() -> Iterator[bundle.Manifest]:
    """Let git find the template's public address in the bundle, here and in child processes.

    No setting of the user's takes part, nor a repository that a git hook has named: git works on
    the bundle and on temporary folders only.
    """
    with (
        bundle.provide() as (path, manifest),
        tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as folder,
    ):
        variables = git.with_configuration(
            (f"url.{path.as_posix()}.insteadOf", manifest.url),
            # The bundle is a local file, which a careful user may have forbidden in general.
            ("protocol.file.allow", "always"),
        )
        variables |= git.ISOLATED
        # A cache of its own: what the user has fetched from the real address is not to be mixed
        # with what the bundle holds.
        variables["COPIER_CACHE_DIR"] = str(Path(folder) / "copier")
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)  # copier reads its cache folder here …
        from plumbum import local

        try:
            with local.env(**variables):  # … and git gets plumbum's copy, taken at import
                for name in set(git.LOCAL_VARIABLES) & set(local.env):
                    del local.env[name]
                yield manifest
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
