"""Dockerfiles, compose files, build contexts."""
