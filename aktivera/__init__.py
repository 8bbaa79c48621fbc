"""The command `aktivera`: the local stack, the demo, and what an operator looks up or does."""

SERVICES = ("onboarding", "activation", "notifier")  # in the order of a client's way
STATISTICS = "insights"  # has no database, and may be off
VERSION = "0.1.0"  # as in pyproject.toml, which images do not hold
