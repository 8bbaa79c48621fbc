"""Unit tests of onboarding: the pure domain and the reading of records."""
