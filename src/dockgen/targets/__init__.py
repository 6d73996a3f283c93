"""What `dockgen check` looks at, and how it runs: projects, folders, images, foreign containers."""
