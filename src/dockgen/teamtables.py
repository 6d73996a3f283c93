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
    """Text of one line, which can be shown on a terminal."""
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
    """An answer that is fixed, and why."""

    value: Any
    """The answer."""
    reason: Line = ""
    """Why it is locked."""


def _lock(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return handler(value if isinstance(value, dict) else {"value": value})


# An answer itself, or a table with the answer and the reason.
Locked = Annotated[LockTable, WrapValidator(_lock), WithJsonSchema({})]


class ChoiceTable(Table):
    """What can be chosen of a question's choices."""

    allow: Any = None
    """The choices that are left."""
    reason: Line = ""
    """Why the others aren't."""


class CertificatesTable(Table):
    """Certificates that a project's builds trust."""

    file: Line = None
    """The file that has them, beside the team file."""
    pem: String = None
    """The certificates themselves, as PEM."""


class LimitsTable(Table):
    """What an image and its container are held to."""

    size_mb: Sizes = None  # type: ignore[assignment]
    """The most that an image may weigh, in MB of 10^6 bytes: for all, or by cell and language."""
    healthy_seconds: Number = None
    """How long a service or worker may take to turn healthy."""
    stop_seconds: Number = None
    """How long it may take to stop."""
    run_seconds: Number = None
    """How long a job may run."""


class IgnoredTable(Table):
    """Why a rule is ignored, and until when."""

    reason: Line
    """Why what the rule finds fails nothing."""
    until: Day = None
    """The last day on which it is ignored."""


def _ignored(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """A reason, or a table as an answer has it: with the day as text."""
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
    """What `dockgen check` asks besides, and what it lets pass."""

    required_labels: Texts = ()
    """Labels that the image has, with a text (DG109)."""
    allowed_registries: Texts = ()
    """First parts of the full names that base images have (DG001)."""
    ignored: dict[str, Ignored] = Field(default_factory=dict)
    """Rules that fail nothing, by code: the reason, or a table with `reason` and `until`."""


class TeamFile(Table):
    """dockgen.team.toml: what a team decides for all of its projects."""

    name: Line = ""
    """Who the team is."""
    contact: Line = ""
    """Whom to ask."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Answers that hold unless somebody gives another one, by question."""
    locked: dict[str, Locked] = Field(default_factory=dict)
    """Fixed answers, by question: the answer, or a table with the answer and the reason."""
    choices: dict[str, ChoiceTable] = Field(default_factory=dict)
    """What can be chosen, by question."""
    labels: dict[str, Line] = Field(default_factory=dict)
    """Labels that come on top of a project's own."""
    certificates: CertificatesTable = CertificatesTable()
    """Certificates that builds trust, one of the two."""
    limits: LimitsTable = LimitsTable()
    """What an image and its container are held to."""
    rules: RulesTable = RulesTable()
    """What `dockgen check` asks besides, and what it lets pass."""
