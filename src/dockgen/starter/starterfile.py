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
    """The starter itself."""

    name: Text
    """The name of the starter."""
    base: Text
    """The release of dockgen that `base/` is a copy of; `dockgen starter bump` updates it."""
    languages: Languages = tuple(Language)
    """The languages of the starter."""
    ci: Ci = "github"
    """The CI that tests it: `github`, `gitlab` or `none`."""


class TestTable(Table):
    """An additional test case: a combination of answers."""

    name: Name
    """The name of the case."""
    answers: dict[str, Any] = Field(default_factory=dict)
    """The answers of the case; the others have their defaults."""


class StarterFile(OpenTable):
    """starter.toml: a starter template and its test cases."""

    starter: StarterTable = Field(default=None, validate_default=False)  # type: ignore[assignment]
    """The starter itself."""
    test: list[TestTable] = Field(default_factory=list)
    """Test cases in addition to each language on each flavor."""
