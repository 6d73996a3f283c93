"""Container files placed in folders that have files already."""
