"""dockgen: small, hardened, proven container images for Go, Python and Node services."""

__version__ = "0.7.0"
