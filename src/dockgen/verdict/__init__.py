"""What becomes of findings: which count, what causes them, and what has changed."""
