"""The command: `footfall serve` and what goes with it."""
