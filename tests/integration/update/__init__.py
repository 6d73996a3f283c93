"""Updates of projects across released versions of the templates."""
