"""Starters as people use them: registered, listed and followed."""
