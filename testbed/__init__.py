"""A container engine and its base images for tests on a machine that has neither."""
