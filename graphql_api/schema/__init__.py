"""What the caller sees, one output family a file."""
