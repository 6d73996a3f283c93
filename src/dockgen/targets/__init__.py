"""The targets of `dockgen check`, and how they run: projects, folders, images, containers."""
