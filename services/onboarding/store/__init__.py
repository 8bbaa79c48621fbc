"""All SQL of onboarding but the vault's, set-based: what is new by COPY, what changed by one update from arrays."""
