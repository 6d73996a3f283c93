"""Container files for existing repositories."""
