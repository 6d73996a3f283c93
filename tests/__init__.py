"""The tests: the path tells the cost."""
