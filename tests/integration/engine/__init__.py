"""The calls of docker; a stand-in for it answers."""
