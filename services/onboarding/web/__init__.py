"""The HTTP routes of onboarding."""
