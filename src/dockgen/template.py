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
    with _offline() as manifest:
        import copier
        import copier.errors

        try:
            done = copier.run_copy(
                manifest.url,
                directory,
                dict(answers),
                vcs_ref=manifest.latest.version,
                defaults=True,
                ask=ask,
                quiet=True,
                # The user's own copier settings could answer our questions with something that
                # is no choice of theirs; ours is the only source here, and needs no trust.
                settings=copier.Settings(),
            )
        except copier.errors.CopierAnswersInterrupt as interrupt:
            raise Interrupted("interrupted: nothing is left behind") from interrupt
        except (ValueError, copier.errors.UserMessageError) as error:
            raise UsageError(_readable(error), "see: dockgen new --help") from error
        except OSError as error:
            raise cannot_write(directory, error) from error
        named = {question.name for question in questions.load()}
        kept = {name: value for name, value in done.answers.user.items() if name in named}
        return Rendering(directory, kept, manifest.latest.version)


def _readable(error: Exception) -> str:
    """What copier says of a bad answer, without its preamble: ``port: 1024 to 65535``."""
    words = str(error)
    for preamble in ("Validation error for question ", "Invalid choice for "):
        if words.startswith(preamble):
            name, _, reason = words.removeprefix(preamble).partition(": ")
            return f"{name.strip(chr(39))}: {reason}"
    return words


@contextmanager
def _offline() -> Iterator[bundle.Manifest]:
    """Let git find the template's public address in the bundle, here and in child processes."""
    with (
        bundle.provide() as (path, manifest),
        tempfile.TemporaryDirectory(prefix="dockgen-", ignore_cleanup_errors=True) as folder,
    ):
        variables = git.with_configuration(
            (f"url.{path.as_posix()}.insteadOf", manifest.url),
            # The bundle is a local file, which a careful user may have forbidden in general.
            ("protocol.file.allow", "always"),
        )
        # A cache of its own: what the user has fetched from the real address is not to be mixed
        # with what the bundle holds.
        variables["COPIER_CACHE_DIR"] = str(Path(folder) / "copier")
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)  # copier reads its cache folder here …
        from plumbum import local

        try:
            with local.env(**variables):  # … and git gets plumbum's copy, taken at import
                yield manifest
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
