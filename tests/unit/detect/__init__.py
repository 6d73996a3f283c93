"""What an existing repository is."""
