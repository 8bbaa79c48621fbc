"""Integration tests of onboarding: real Postgres and HTTP."""
