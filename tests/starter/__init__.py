"""Starter templates: made, bumped and used."""
