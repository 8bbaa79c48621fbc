"""The command without its surroundings: what it says, what it is told."""
