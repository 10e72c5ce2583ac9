"""What a person meets at the terminal: errors, files, progress, checkpoints."""
