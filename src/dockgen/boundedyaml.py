"""Load YAML of bounded depth and number: the loader of `reader`, and the bounds of all it parses."""

from typing import Any

import yaml

# How deep lists and mappings may be nested.
MAXIMUM_DEPTH = 64
# How many values a text may have; values that an alias repeats count again. Strings count by their
# length.
MAXIMUM_VALUES = 20_000
_TEXT_PER_VALUE = 128
# Longer numbers make no sense, and Python parses some of them slowly.
MAXIMUM_DIGITS = 40

# What PyYAML raises, including errors from the types of values.
ERRORS = (
    yaml.YAMLError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
)
_TEXT = "tag:yaml.org,2002:str"


class BoundedLoader(yaml.SafeLoader):
    """Loads YAML of bounded depth and number, without values that refer to themselves.

    Each value is counted when its node is composed: before it is constructed, and before the rest
    is parsed. An alias counts as everything that it repeats.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._count = 0
        self._weights: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, and count it."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            node: yaml.Node | None = super().compose_node(parent, index)
            if id(node) not in self._weights:
                raise _problem("it contains itself", event.start_mark)
            self._add(self._weights[id(node)], event)
            return node
        if self._depth == 0:
            self._weights.clear()  # from another document, whose nodes may be gone
        before = self._count
        length = len(event.value) if isinstance(event, yaml.ScalarEvent) else 0
        self._add(1 + length // _TEXT_PER_VALUE, event)
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise _problem("it is nested too deeply", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._weights[id(node)] = self._count - before
        return node

    def _add(self, weight: int, event: yaml.Event) -> None:
        self._count += weight
        if self._count > MAXIMUM_VALUES:
            raise _problem("it has too many values", event.start_mark)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node; errors of its constructor name the line."""
        numbers = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        try:
            if node.tag in numbers and len(str(node.value)) > MAXIMUM_DIGITS:
                raise ValueError("a number has too many digits")
            return super().construct_object(node, deep=deep)
        except yaml.MarkedYAMLError:
            raise
        except ERRORS as error:
            raise _problem(f"{type(error).__name__}: {error}", node.start_mark) from error


def plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    """The value of a node, whatever its tag says."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_object(yaml.ScalarNode(_TEXT, node.value))


def _refuse_kind(loader: yaml.SafeLoader, node: yaml.Node) -> None:
    del loader
    kind = node.tag.rpartition(":")[2]
    raise _problem(f"!!{kind} isn't allowed", node.start_mark)


# No answer has these types, which JSON doesn't know.
for _kind in ("binary", "set", "omap", "pairs"):
    BoundedLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _refuse_kind)


def _problem(words: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=words, problem_mark=mark)
