"""The migrations, one SQL file each, in the order of their numbers."""
