"""Saved images."""
