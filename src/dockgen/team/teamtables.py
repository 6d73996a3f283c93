"""dockgen.team.toml as it is declared; `teamfile` reads it, and knows the questions it decides."""

import re
from typing import Annotated, Any

from pydantic import (
    Field,
    PlainValidator,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from dockgen.declared import Day, Table, refuse, refuse_key

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        refuse("text", 'write: {key} = "…"')
    return value


def _line(value: Any) -> str:
    """Return text of one line that is safe to show on a terminal."""
    if found := _UNPRINTABLE.search(_string(value)):
        refuse_key(f"holds {found[0]!r}", "write it on one line")
    return str(value)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        refuse("a number above 0", "write a number, for example: {key} = 10")
    return value


def _size(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return handler(value) if isinstance(value, dict) else _number(value)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        refuse("a list of texts", 'write: {key} = ["…"]')
    return value


_POSITIVE = {"type": "number", "exclusiveMinimum": 0}
String = Annotated[Any, PlainValidator(_string), WithJsonSchema({"type": "string"})]
Line = Annotated[
    Any, PlainValidator(_line), WithJsonSchema({"type": "string", "pattern": r"^[^\n\r]*$"})
]
Number = Annotated[Any, PlainValidator(_number), WithJsonSchema(_POSITIVE)]
Sizes = Annotated[
    dict[str, Number],
    WrapValidator(_size),
    WithJsonSchema({"anyOf": [_POSITIVE, {"type": "object", "additionalProperties": _POSITIVE}]}),
]
Texts = Annotated[
    Any,
    PlainValidator(_texts),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]


class LockTable(Table):
    """A locked answer, and why."""

    value: Any
    """The answer."""
    reason: Line = ""
    """Why it is locked."""


def _lock(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return handler(value if isinstance(value, dict) else {"value": value})


# An answer itself, or a table with the answer and the reason.
Locked = Annotated[LockTable, WrapValidator(_lock), WithJsonSchema({})]


class ChoiceTable(Table):
    """The choices that a question offers."""

    allow: Any = None
    """The choices to offer."""
    reason: Line = ""
    """Why the others are not allowed."""


class CertificatesTable(Table):
    """Certificates that the builds of a project trust."""

    file: Line = None
    """A file with the certificates, relative to the team file."""
    pem: String = None
    """The certificates themselves, as PEM."""


class LimitsTable(Table):
    """The limits of an image and its container."""

    size_mb: Sizes = None  # type: ignore[assignment]
    """The largest unpacked size, in MB of 10^6 bytes: for all images, or by cell and language."""
    healthy_seconds: Number = None
    """The longest time until a service or worker is healthy."""
    stop_seconds: Number = None
    """The longest time until it stops."""
    run_seconds: Number = None
    """The longest time that a job may run."""


class IgnoredTable(Table):
    """Why a rule is ignored, and until when."""

    reason: Line
    """Why the rule is ignored."""
    until: Day = None
    """The last day on which it is ignored."""


def _ignored(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Accept a reason, or a table as an answer has it: with the day as text."""
    if not isinstance(value, dict):
        return _line(value)
    table = handler(value)
    until = {} if table.until is None else {"until": table.until.isoformat()}
    return {"reason": table.reason, **until}


Ignored = Annotated[
    IgnoredTable,
    WrapValidator(_ignored),
    WithJsonSchema({"anyOf": [{"type": "string"}, IgnoredTable.model_json_schema()]}),
]


class RulesTable(Table):
    """Rules besides the limits: what is required, and what is ignored."""

    required_labels: Texts = ()
    """Labels that the image must have, with a value (DG109)."""
    allowed_registries: Texts = ()
    """The registries, with an optional path, that base images may come from (DG001)."""
    ignored: dict[str, Ignored] = Field(default_factory=dict)
    """Rules to ignore, by code: the reason, or a table with `reason` and `until`."""


class TeamFile(Table):
    """dockgen.team.toml: a team's decisions for all of its projects."""

    name: Line = ""
    """The name of the team."""
    contact: Line = ""
    """Where to ask for help."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Default answers, by question."""
    locked: dict[str, Locked] = Field(default_factory=dict)
    """Locked answers, by question: the answer, or a table with the answer and the reason."""
    choices: dict[str, ChoiceTable] = Field(default_factory=dict)
    """The choices that are allowed, by question."""
    labels: dict[str, Line] = Field(default_factory=dict)
    """Labels to add to those of the project."""
    certificates: CertificatesTable = CertificatesTable()
    """Certificates that builds trust: set `file` or `pem`."""
    limits: LimitsTable = LimitsTable()
    """The limits of an image and its container."""
    rules: RulesTable = RulesTable()
    """Rules besides the limits: what is required, and what is ignored."""
