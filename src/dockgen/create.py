"""The creation of a project: what there is to say about a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dockgen.matrix import Cell, Workload


@dataclass(frozen=True)
class Created:
    """A project that was made, or that a dry run would make.

    ``starter`` and ``team`` are the names of the starter template and of the team file, "" for
    none. ``limit_mb`` is what its image may weigh: MB of 10^6 bytes, unpacked. ``warnings`` are
    those that standard error has, too, and ``next_commands`` what to type next.
    """

    directory: Path
    answers: Mapping[str, Any]
    cell: Cell
    kind: Workload
    port: int | None
    files: Sequence[Path]
    template_version: str
    starter: str
    team: str
    limit_mb: float
    dry_run: bool
    warnings: Sequence[str] = ()
    next_commands: Sequence[str] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know besides."""
        policy = self.answers.get("policy") or {}
        if not self.answers.get("runtime_packages") or "size_mb" in policy:
            return ()
        # Nobody has said what the image may weigh with its packages.
        return (
            "That leaves room for the packages: lower it in dockgen.toml to what dockgen check"
            " measures.",
        )
