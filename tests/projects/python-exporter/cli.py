"""Starts it."""

from exporter.command import cli

if __name__ == "__main__":
    cli(auto_envvar_prefix="QE")
