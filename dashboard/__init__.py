"""Questions → answers. Read-only."""
