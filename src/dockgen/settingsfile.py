"""dockgen.toml as it is declared; `settings` reads it."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from dockgen.contract import Ignored
from dockgen.declared import Day, OpenTable, Table, refuse, refuse_key
from dockgen.matrix import Workload

# A higher limit, in MB or seconds, is a mistake; 1e999999999 as an int would take all memory.
_HIGHEST = 10**6
_HIGHEST_PORT = 65535
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _number(value: Any) -> Decimal:
    # In Python, true is a number; in a limit, it is a mistake.
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number or not Decimal(value).is_finite() or not 0 < value <= _HIGHEST:
        refuse(f"a number above 0 and up to {_HIGHEST}", "write a number, for example: {key} = 10")
    return Decimal(value)


def _port(value: Any) -> int:
    if type(value) is not int or not 0 < value <= _HIGHEST_PORT:
        refuse(f"a number from 1 to {_HIGHEST_PORT}", "write a number, for example: {key} = 8080")
    return value


def _page(value: Any) -> str:
    if not re.fullmatch(r"/[!-~]*", _text(value)):
        refuse("a path of a page", 'write it as: {key} = "/healthz"')
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        refuse("a text", 'write it as: {key} = "…"')
    return value


def _workload(value: Any) -> Workload:
    if _text(value) not in list(Workload):
        refuse(f"one of {', '.join(Workload)}", 'write it as: {key} = "service"')
    return Workload(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        refuse("a list of texts", 'write it as: {key} = ["…"]')
    return tuple(value)


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        refuse_key("isn't the name of a variable", 'write it as: environment = {NAME = "text"}')
    return name


def _value(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        refuse("a variable's text", 'write it as: environment = {NAME = "text"}')
    return value


def _code(code: str) -> str:
    # Import the rules only for a file that ignores some.
    from dockgen import checks

    if code not in {rule.code for rule in checks.RULES}:
        refuse_key(
            "isn't a rule",
            "remove the line, or fix the code: dockgen explain lists all rules",
        )
    return code


def _why(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        refuse("a reason", 'say why, for example: DG103 = "the probe starts late on purpose"')
    return value


_POSITIVE = {"type": "number", "exclusiveMinimum": 0, "maximum": _HIGHEST}
Number = Annotated[Any, PlainValidator(_number), WithJsonSchema(_POSITIVE)]
Port = Annotated[
    Any,
    PlainValidator(_port),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _HIGHEST_PORT}),
]
Page = Annotated[
    Any, PlainValidator(_page), WithJsonSchema({"type": "string", "pattern": "^/[!-~]*$"})
]
Text = Annotated[Any, PlainValidator(_text), WithJsonSchema({"type": "string", "minLength": 1})]
Texts = Annotated[
    Any,
    PlainValidator(_texts),
    WithJsonSchema({"type": "array", "items": {"type": "string", "minLength": 1}}),
]
Work = Annotated[
    Any,
    PlainValidator(_workload),
    WithJsonSchema({"enum": [str(workload) for workload in Workload]}),
]
Why = Annotated[Any, PlainValidator(_why), WithJsonSchema({"type": "string", "pattern": "\\S"})]
Value = Annotated[Any, PlainValidator(_value), WithJsonSchema({"type": "string"})]
Variable = Annotated[str, AfterValidator(_variable)]
Code = Annotated[str, AfterValidator(_code)]


class LimitsTable(OpenTable):
    """The limits of an image and its container."""

    size_mb: Number = None
    """The largest unpacked size of the image, in MB of 10^6 bytes."""
    healthy_seconds: Number = None
    """The longest time until a service or worker is healthy."""
    stop_seconds: Number = None
    """The longest time until it stops."""
    run_seconds: Number = None
    """The longest time that a job may run."""
    context_mb: Number = Decimal(100)
    """The largest build context, in MB of 10^6 bytes."""


class IgnoredTable(Table):
    """Why a rule is ignored, and until when."""

    reason: Why
    """Why the rule is ignored."""
    until: Day = None
    """The last day on which it is ignored."""


def _ignored(value: Any, handler: ValidatorFunctionWrapHandler) -> Ignored:
    if isinstance(value, dict):
        table = handler(value)
        return Ignored(table.reason, table.until)
    return Ignored(_why(value))


def _all_ignored(value: Any) -> Any:
    if not isinstance(value, dict):
        refuse_key("isn't a section", 'write below [rules.ignored]: DG103 = "why"')
    return value


_TABLE = IgnoredTable.model_json_schema()
Reason = Annotated[
    IgnoredTable,
    WrapValidator(_ignored),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "\\S"}, _TABLE]}),
]


class RulesTable(Table):
    """Rules besides the limits: what is required, and what is ignored."""

    required_labels: Texts = ()
    """Labels that the image must have, with a value (DG109)."""
    allowed_registries: Texts = ()
    """The registries, with an optional path, that base images may come from (DG001)."""
    ignored: Annotated[dict[Code, Reason], BeforeValidator(_all_ignored)] = Field(
        default_factory=dict
    )
    """Rules to ignore, by code: the reason, or a table with `reason` and `until`."""


class CheckTable(Table):
    """How `dockgen check` runs a program that dockgen didn't make."""

    workload: Work = None
    """What the program is; by default, the image decides."""
    port: Port = None
    """The port that it listens on."""
    path: Page = None
    """The page that must answer with 200; `/` by default."""
    service: Text = None
    """The service of compose.yaml to check."""
    environment: dict[Variable, Value] = Field(default_factory=dict)
    """Variables to set in the container."""
    memory_mb: Number = None
    """The memory limit of the container, in MiB; 256 by default."""
    timeout_seconds: Number = None
    """The longest time for the build, and for the start."""


class SettingsFile(OpenTable):
    """dockgen.toml: the limits and rules for the image of a folder."""

    limits: LimitsTable = LimitsTable()
    """The limits of an image and its container."""
    rules: RulesTable = RulesTable()
    """Rules besides the limits: what is required, and what is ignored."""
    check: CheckTable = CheckTable()
    """How `dockgen check` runs a program that dockgen didn't make."""
