"""Benchmarks: each cell's image beside the one that a naive Dockerfile makes of the same app."""
