"""dockgen: small, hardened, proven container images for Go, Python and Node services."""

__version__ = "0.8.0"
