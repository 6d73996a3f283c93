"""Tells how long queues are."""
