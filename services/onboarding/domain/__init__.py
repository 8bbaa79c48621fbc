"""The rules of onboarding: pure, without clock, driver or network."""
