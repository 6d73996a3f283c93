"""starter.toml as it is declared; `starter` and `cases` read it."""

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from dockgen.declared import OpenTable, Table, refuse
from dockgen.matrix import Language

# A case's name is part of the names of images, compose projects and bake targets.
_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"
_CI = ("github", "gitlab", "none")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        refuse("a text", 'write it as: {key} = "…"')
    return value


def _languages(names: Any) -> tuple[Language, ...]:
    known = [str(language) for language in Language]
    if not isinstance(names, list) or not names or not all(name in known for name in names):
        refuse("a list of languages", f"there are: {', '.join(known)}")
    return tuple(language for language in Language if str(language) in names)


def _ci(value: Any) -> str:
    if value not in _CI:
        refuse(f"one of {', '.join(_CI)}", 'write it as: {key} = "github"')
    return str(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_NAME, value):
        refuse("lower-case letters, digits and single dashes", 'write it as: {key} = "my-case"')
    return value


Text = Annotated[Any, PlainValidator(_text), WithJsonSchema({"type": "string", "minLength": 1})]
Languages = Annotated[
    Any,
    PlainValidator(_languages),
    WithJsonSchema(
        {"type": "array", "minItems": 1, "items": {"enum": [str(name) for name in Language]}}
    ),
]
Ci = Annotated[Any, PlainValidator(_ci), WithJsonSchema({"enum": list(_CI)})]
Name = Annotated[
    Any, PlainValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})
]


class StarterTable(OpenTable):
    """What the starter is."""

    name: Text
    """The name to register it under."""
    base: Text
    """The release of dockgen that `base/` is a copy of; `dockgen starter bump` moves it."""
    languages: Languages = tuple(Language)
    """The languages that it has."""
    ci: Ci = "github"
    """Which CI tests it: `github`, `gitlab` or `none`."""


class TestTable(Table):
    """A case beside the matrix: a combination of answers that the starter is proven with."""

    name: Name
    """What to call it."""
    answers: dict[str, Any] = Field(default_factory=dict)
    """Its answers, by question; the others take their default."""


class StarterFile(OpenTable):
    """starter.toml: what a starter template is, and the cases that it is proven with."""

    starter: StarterTable = Field(default=None, validate_default=False)  # type: ignore[assignment]
    """What the starter is."""
    test: list[TestTable] = Field(default_factory=list)
    """Cases beside each language on each flavor."""
