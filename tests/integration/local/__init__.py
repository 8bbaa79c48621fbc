"""The local stack, with real processes: they are killed here, and what must be left is left."""
