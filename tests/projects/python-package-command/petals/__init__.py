"""Shows what workers do."""
