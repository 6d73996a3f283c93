"""What is checked, and how it runs."""
