"""The test bed, without an engine."""
