"""What a check asks, decided before anything runs."""

from dockgen import check
from tests.table import table


@table(
    ("port", "published", "asked"),
    [
        (8080, (), 8080),
        (8080, (9090, 8080), 8080),
        # PORT is 9000 in compose.yaml, and so is what it publishes.
        (8080, (9000,), 9000),
        # A worker has none, whatever is published.
        (None, (9000,), None),
    ],
)
def test_the_port_is_the_one_that_compose_publishes(
    port: int | None, published: tuple[int, ...], asked: int | None
) -> None:
    """If that is another one, a setting has moved it."""
    assert check._listens_at(port, published) == asked
