"""What needs no engine, but git, files, other programs or a terminal."""
