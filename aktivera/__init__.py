"""The command `aktivera`: the local stack, the demo, and what an operator looks up or does."""
