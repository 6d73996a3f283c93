"""Starter templates: made, proven, bumped; and used."""
