"""A declared file: validate TOML with pydantic, and report the first mistake in one line.

Only the models know a file's keys: the validation, its messages, the reference page and the JSON
Schema for editors come from them. pydantic is slow to import, so modules that import this one are
imported only when such a file is read.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, NoReturn, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError, WithJsonSchema

from dockgen import reader
from dockgen.errors import DockgenError, ProjectError

Model = TypeVar("Model", bound=BaseModel)

# A line with a table's header, and one with a key.
_TOML_NAME = re.compile(reader.TOML_NAME)
_TOML_TABLE = re.compile(
    rf"\s*+\[{{1,2}}\s*+({reader.TOML_NAME}(?:\s*+\.\s*+{reader.TOML_NAME})*+)\s*+\]"
)
_TOML_KEY = re.compile(rf"\s*+({reader.TOML_NAME}(?:\s*+\.\s*+{reader.TOML_NAME})*+)\s*+=\s*+(.*)")


class Table(BaseModel):
    """A table of a file; unknown keys are a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class OpenTable(BaseModel):
    """A table that may have keys which this release doesn't know."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class _RefusedError(ValueError):
    """A model's own check refuses a value; it says what to do."""

    def __init__(self, words: str, hint: str, *, names_value: bool) -> None:
        super().__init__(words)
        self.words = words
        self.hint = hint
        self.names_value = names_value


def refuse(wanted: str, hint: str) -> NoReturn:
    """Refuse a value because it isn't ``wanted``. ``{key}`` in the hint is the key's name."""
    raise _RefusedError(f"not {wanted}", hint, names_value=True)


def refuse_key(reason: str, hint: str) -> NoReturn:
    """Refuse a key, whatever its value."""
    raise _RefusedError(reason, hint, names_value=False)


def _day(value: Any) -> date:
    # In Python, a datetime is a date, too, but not a day.
    if type(value) is not date:
        refuse("a day", 'write it without quotes: { reason = "…", until = 2030-12-31 }')
    return value


Day = Annotated[Any, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


def read(
    model: type[Model],
    facts: Mapping[str, Any],
    text: str,
    name: str,
    *,
    kind: type[DockgenError] = ProjectError,
    shown: Callable[[Any], str] = str,
) -> Model:
    """Validate a file.

    Args:
        model: its declaration.
        facts: the parsed TOML.
        text: the TOML itself, to find lines.
        name: its name in messages.
        kind: the error to raise.
        shown: formats a wrong value.

    Raises:
        DockgenError: of that kind, about the first mistake.
    """
    try:
        return model.model_validate(facts)
    except ValidationError as error:
        raise kind(*_told(model, error, text, name, shown)) from error


def _told(
    model: type[BaseModel],
    error: ValidationError,
    text: str,
    name: str,
    shown: Callable[[Any], str],
) -> tuple[str, str]:
    """Return the message for the first mistake, and what to do about it."""
    first = error.errors(include_url=False)[0]
    # pydantic adds this part if the key of a table is wrong.
    place = tuple(part for part in first["loc"] if part != "[key]")
    refused = first.get("ctx", {}).get("error")
    where = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in place)[1:]
    line = _line(text, place)
    found = f" (line {line})" if line else ""
    last = str(place[-1]) if place else ""
    if isinstance(refused, _RefusedError):
        value = f"is {shown(first['input']):.40}, " if refused.names_value else ""
        words, hint = value + refused.words, refused.hint.replace("{key}", last)
    elif first["type"] == "extra_forbidden":
        words, hint = "is unknown", f"known: {', '.join(_known(model, place[:-1]))}"
    elif first["type"] == "missing":
        words, hint = "is missing", f"add it, for example: {last} = …"
    elif first["type"] == "list_type":
        words, hint = "isn't a list of tables", f"write each as: [[{last}]]"
    elif len(place) == 1:
        words, hint = "isn't a section", f"write it as: [{last}]"
    else:
        words, hint = "isn't a table", f"write it as: {last} = {{…}}"
    return f"{name}: {where} {words}{found}.", hint


def _known(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Return the known keys of the table at a place."""
    for part in place:
        if (field := model.model_fields.get(str(part))) is not None:
            model = table(field.annotation) or model
    return list(model.model_fields)


def table(kind: Any) -> type[BaseModel] | None:
    """Return the model in a type, such as in the type of a list of tables."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next(filter(None, map(table, get_args(kind))), None)


def _line(text: str, place: tuple[int | str, ...]) -> int | None:
    """Return the line of the key at a place, or of its nearest parent that has one."""
    known = lines(text)
    found = (known.get(place[:length]) for length in range(len(place), 0, -1))
    return next(filter(None, found), None)


def lines(words: str) -> dict[tuple[str | int, ...], int]:
    """Return the line of each table and key of a TOML text, counted from 1, as far as lines tell.

    Use it only for messages: it doesn't find the keys of inline tables. In arrays of tables, such
    as ``[[test]]``, a number from 0 follows the name.
    """
    found: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    counted: Counter[tuple[str | int, ...]] = Counter()
    closing = ""
    for number, line in enumerate(words.splitlines(), 1):
        if closing:  # inside a multi-line string
            closing = "" if closing in line else closing
            continue
        if head := _TOML_TABLE.match(line):
            table = _names(head[1])
            if line.lstrip().startswith("[["):
                found.setdefault(table, number)
                counted[table] += 1
                table = (*table, counted[table] - 1)
            found.setdefault(table, number)
        elif key := _TOML_KEY.match(line):
            found.setdefault(table + _names(key[1]), number)
            quotes = key[2][:3]
            if quotes in ('"""', "'''") and quotes not in key[2][3:]:
                closing = quotes
    return found


def _names(words: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in _TOML_NAME.findall(words))


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a file for editors, without titles that only repeat keys."""
    found = _plain(model.model_json_schema())
    return {"$schema": "http://json-schema.org/draft-07/schema#", **found}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    said = {key: one for key, one in value.items() if not (key == "default" and one in (None, []))}
    if isinstance(said.get("title"), str):
        del said["title"]
    return {key: _plain(one) for key, one in said.items()}
