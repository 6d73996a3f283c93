"""dockgen as people and programs start it: what it asks, says and leaves."""
