"""A project's container files as data: Dockerfile, compose file, build context."""
