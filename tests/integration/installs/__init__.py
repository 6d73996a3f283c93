"""dockgen as it is installed, in each way, and plain copier beside it."""
