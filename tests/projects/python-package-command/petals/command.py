"""A command that Celery finds by its entry point."""

import click


@click.command()
def petals():
    """Serve a page."""
