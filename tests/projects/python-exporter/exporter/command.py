"""The command."""

import click

from .http import start


@click.command()
@click.option("--broker-url", required=True, help="where the queues are")
@click.option("--host", default="0.0.0.0")
@click.option("--port", type=int, default=9808)
def cli(broker_url, host, port):
    """Watch the queues of a broker."""
    start(broker_url, host, port)
