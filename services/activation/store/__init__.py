"""All SQL of the activation service, set-based: what is new by COPY, what changed by one update from arrays."""
