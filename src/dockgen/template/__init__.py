"""Ask a template's questions, and render and update it. The only importer of copier.

copier takes a third of a second to import, so functions import it when they need it.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dockgen import bundle, git, questions, signals
from dockgen.apply import cannot_write
from dockgen.errors import DockgenError, Interrupted, ProjectError, UsageError
from dockgen.project import ANSWERS, answers_file
from dockgen.source import Source, own
from dockgen.starters import git_address
from dockgen.template import filters, rendered, rounds

if TYPE_CHECKING:
    from copier._main import Worker

# Prefix of the temporary folder that copier clones a template into.
_CLONE = "copier._vcs.clone."
# The file names that jinja gives to text that isn't from a file.
_EXPRESSION = {"<template>", "<unknown>"}


@dataclass(frozen=True)
class Rendering:
    """A rendered project: its folder, its answers, and the template's version."""

    directory: Path
    answers: Mapping[str, Any]
    version: str


def render(
    directory: Path,
    answers: Mapping[str, Any],
    ask: Sequence[str],
    origin: Source | None = None,
    defaults: Mapping[str, Any] | None = None,
    target: Path | None = None,
) -> Rendering:
    """Render the newest release of a template into ``directory``.

    Args:
        directory: must not exist; the project's default name is made from its name.
        answers: given answers; questions without one take their default.
        ask: the questions to ask on the terminal first, unless earlier answers leave only one
            choice.
        origin: what to render; None for dockgen's own templates.
        defaults: defaults that override the questionnaire's.
        target: the name in messages instead of ``directory``: where the files end up.

    Raises:
        UsageError: an answer is not allowed; the message names the question.
        Interrupted: Ctrl-C or Ctrl-D while asking.
        ProjectError: the disk is full or can't be written.
        ToolMissingError: git is missing or too old.
    """
    git.require()
    *earlier, last = rounds.of(ask)
    told = dict(answers)
    # Where this question needs an answer, copier would refuse its empty default before it asks.
    usual = {"private_host": "git.example.com", **(defaults or {})}
    with own() if origin is None else nullcontext(origin) as chosen, found(chosen):
        newest = chosen.manifest.latest.version
        with _readable_errors(target or directory, "dockgen new --help"):
            # Which questions make sense depends on earlier answers, which copier returns only after
            # a run.
            for names in earlier:
                to_ask = [name for name in names if rounds.makes_sense(name, told)]
                run = _copy(chosen, newest, directory, told, to_ask, usual, pretend=True)
                told |= {name: run[name] for name in to_ask if name in run}
            to_ask = [name for name in last if rounds.makes_sense(name, told)]
            usual = usual if "private_host" in to_ask else dict(defaults or {})
            given = _copy(chosen, newest, directory, told, to_ask, usual)
        named = {question.name for question in questions.load(chosen.questionnaire)}
        kept = {name: value for name, value in given.items() if name in named}
        return Rendering(directory, kept, newest)


def render_version(
    origin: Source,
    version: str,
    directory: Path,
    answers: Mapping[str, Any],
    *,
    exists: bool = False,
    answers_file: str = ANSWERS,
) -> None:
    """Render one version of a template into ``directory``, within `found`; ask nothing.

    Answers to questions that the version doesn't know may replace a default. A question may have
    another default for a project that ``exists``, as in copier's own updates.

    Raises:
        UsageError: an answer is not allowed; the message names the question.
        ProjectError: the disk is full or can't be written.
    """
    with _readable_errors(directory, "dockgen new --help"):
        _copy(
            origin,
            version,
            directory,
            answers,
            ask=(),
            defaults={},
            overwrite=exists,
            answers_file=answers_file,
        )


def update(origin: Source, version: str, project: Path, data: Mapping[str, Any]) -> None:
    """Update a clean git clone of a project to ``version`` with copier, within `found`.

    Conflicts are left in the files, and in the clone's index.

    Args:
        origin: the template.
        version: a release of it.
        project: the root of the clone; its answers file has the template's address.
        data: answers to change.

    Raises:
        UsageError: an answer is not allowed; the message names the question.
        ProjectError: the disk is full or can't be written.
    """
    with (
        _readable_errors(project, "dockgen update --help"),
        _surroundings(project),
        _worker(
            dst_path=project,
            data=dict(data),
            vcs_ref=version,
            defaults=True,
            overwrite=True,
            conflict="inline",
            answers_file=answers_file(project),
            unsafe=origin.trusted,
        ) as worker,
    ):
        worker.run_update()


def _copy(
    origin: Source,
    version: str,
    directory: Path,
    answers: Mapping[str, Any],
    ask: Sequence[str],
    defaults: Mapping[str, Any],
    *,
    overwrite: bool = False,
    pretend: bool = False,
    answers_file: str = ANSWERS,
) -> Mapping[str, Any]:
    """Render, or only pretend to; return all answers."""
    with (
        _surroundings(directory),
        _worker(
            src_path=origin.manifest.url,
            dst_path=directory,
            data=dict(answers),
            user_defaults=dict(defaults),
            vcs_ref=version,
            defaults=True,
            ask=ask,
            overwrite=overwrite,
            unsafe=origin.trusted,
            pretend=pretend,
            answers_file=answers_file,
        ) as worker,
    ):
        worker.run_copy()
    if not origin.trusted and not pretend:  # a task may have run `git init` here
        rendered.check(directory)
    return worker.answers.user


def _worker(**options: Any) -> "Worker":
    """Return copier's worker, restricted for templates that aren't trusted."""
    from copier._main import Worker
    from copier._settings import SettingsModel

    class Guarded(Worker):
        """Refuses what `rendered` refuses, and hides the machine from templates."""

        @cached_property
        def jinja_env(self) -> Any:
            environment = super().jinja_env
            if not self.unsafe:
                environment.filters = filters.pure(environment.filters)
            return environment

        @cached_property
        def match_exclude(self) -> Callable[[Path], bool]:
            is_excluded, names = super().match_exclude, rendered.Names()

            def checked(path: Path) -> bool:
                """Check the name of each file and folder before it is made."""
                if is_excluded(path):
                    return True
                names.add(path)
                return False

            return checked

        def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
            # Without a repository, copier would still start git for each file.
            if (self.subproject.local_abspath / ".git").exists():
                super()._sync_git_index_executable_bit(dst_relpath, src_mode)

        def _render_symlink(self, src_relpath: Path, dst_relpath: Path) -> None:
            super()._render_symlink(src_relpath, dst_relpath)
            rendered.check_link(self.subproject.local_abspath, dst_relpath)

    # The user's own copier settings could answer these questions with invalid choices. This is the
    # only source, and it needs no trust.
    return Guarded(quiet=True, settings=SettingsModel(), **options)


@contextmanager
def _surroundings(directory: Path) -> Iterator[None]:
    """Make the settings of `found` reach git even if copier doesn't start it through plumbum.

    A repository around ``directory`` is ignored.
    """
    from plumbum import local

    with local.env(GIT_CEILING_DIRECTORIES=str(directory.absolute().parent)):
        here = {name: value for name, value in local.env.items() if name.startswith("GIT_")}
        before = {name: value for name, value in os.environ.items() if name.startswith("GIT_")}
        try:
            _exchange(before, here)
            yield
        finally:
            _exchange(here, before)


def _exchange(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)


@contextmanager
def _readable_errors(directory: Path, hint: str) -> Iterator[None]:
    """Turn copier's exceptions into errors for the user."""
    import copier.errors
    from jinja2 import TemplateError
    from plumbum import ProcessExecutionError

    try:
        yield
    except DockgenError:
        raise
    except (
        copier.errors.CopierAnswersInterrupt,  # Ctrl-C
        copier.errors.InteractiveSessionError,  # Ctrl-D
    ) as interrupt:
        raise Interrupted("interrupted: no files were left behind") from interrupt
    except copier.errors.UnsafeTemplateError as error:
        # "Template uses potentially unsafe features: tasks.\nIf you trust …"
        features = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".")
        raise ProjectError(
            f"the template would run its own code on this machine ({features})",
            "if you trust it, add --trust",
        ) from error
    except copier.errors.ForbiddenPathError as error:
        raise ProjectError(
            f"the template writes outside of its folder: {str(error).splitlines()[0]}",
            "fix the template",
        ) from error
    except TemplateError as error:
        raise _rendering_error(error) from error
    except (ValueError, copier.errors.UserMessageError) as error:
        raise UsageError(_readable(error), hint) from error
    except copier.errors.CopierError as error:
        raise ProjectError(_one_line(str(error)), "fix the template") from error
    except ProcessExecutionError as error:
        if lacking := git.machine_error(str(error.stderr)):
            raise cannot_write(directory, lacking) from error
        lines = str(error.stderr).strip().splitlines() or ["no reason given"]
        raise ProjectError(
            f"git failed while copier ran it: {lines[-1]}",
            "check git on this machine: git --version; git config --list --show-origin",
        ) from error
    except OSError as error:
        raise cannot_write(directory, error) from error
    except Exception as error:
        # A template's expression may raise anything, such as a ZeroDivisionError.
        if _place(error) is None:
            raise
        raise _rendering_error(error) from error


def _rendering_error(error: Exception) -> ProjectError:
    """Return the error for what jinja reports, with its place in the template."""
    from jinja2 import TemplateNotFound

    reason = _one_line(str(error)) or type(error).__name__
    if isinstance(error, TemplateNotFound):  # its own message names a temporary folder
        reason = f"the template doesn't have the file {error.name!r}"
    if (place := _place(error)) is None:
        return ProjectError(f"a template can't be rendered: {reason}", "fix the template")
    file, line = place
    return ProjectError(f"{file}, line {line}: {reason}", "fix the template")


def _place(error: Exception) -> tuple[str, int] | None:
    """Return the template's file and line that an error comes from, or None.

    jinja puts the lines of templates into the traceback; copier's clone is already deleted.
    """
    found: tuple[str, int] | None = None
    step: TracebackType | None = error.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        clone = [part.startswith(_CLONE) for part in path.parts]
        if any(clone):
            found = Path(*path.parts[clone.index(True) + 1 :]).as_posix(), step.tb_lineno
        elif path.name in _EXPRESSION:
            found = f"an expression in {bundle.QUESTIONNAIRE}", step.tb_lineno
        step = step.tb_next
    return found


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _readable(error: Exception) -> str:
    """Return copier's message about a bad answer without its preamble: ``port: 1024 to 65535``."""
    words = _one_line(str(error))
    for preamble in ("Validation error for question ", "Invalid choice for "):
        if words.startswith(preamble):
            name, _, reason = words.removeprefix(preamble).partition(": ")
            return f"{name.strip(chr(39))}: {reason}"
    return words


@contextmanager
def offline() -> Iterator[Source]:
    """Yield dockgen's own templates, within `found`."""
    with own() as origin, found(origin):
        yield origin


@contextmanager
def found(origin: Source) -> Iterator[None]:
    """Make copier's git find a template's address in its repository on this machine.

    It ignores the user's settings and any repository that a git hook has named: copier's git works
    only on that repository and on temporary folders. It runs no hooks, uses no network, and clones
    no submodules.

    copier has no parameters for this: it takes plumbum's environment, a variable for its cache, and
    Python's folder for temporary files.
    """
    with signals.temporary_folder("dockgen-") as folder:
        # copier starts git with plumbum's copy of the environment.
        from plumbum import local

        address = git_address(origin.manifest.url)
        with local.env():
            for name in [name for name in local.env.keys() if name.startswith("GIT_")]:  # noqa: SIM118
                del local.env[name]
            local.env.update(
                git.ISOLATED
                | git.configuration(
                    *git.SAFE,
                    (f"url.{origin.repository.as_posix()}.insteadOf", address),
                    ("protocol.allow", "never"),
                    # Like "always", but not for submodules.
                    ("protocol.file.allow", "user"),
                    ("submodule.active", ":(exclude)*"),
                )
            )
            # Use a separate cache, so that what the user fetched from the real address doesn't mix
            # with the bundle's content. copier reads the variable in this process.
            before = os.environ.get("COPIER_CACHE_DIR")
            os.environ["COPIER_CACHE_DIR"] = str(folder / "copier")
            # copier's clones go there, too, and are removed with it after a signal.
            usual, tempfile.tempdir = tempfile.tempdir, str(folder)
            try:
                yield
            finally:
                tempfile.tempdir = usual
                if before is None:
                    del os.environ["COPIER_CACHE_DIR"]
                else:
                    os.environ["COPIER_CACHE_DIR"] = before
