"""Onboarding: takes in new clients from people and from upstream systems.

Owns agencies and their consultants, a client's identity and details, upstream sources and their requests, and the vault
of personal numbers. Hears `onboarding-requests` of each source, and `activation-events` to follow its clients.
Says `agency-events`, `client-events`, and to each source `onboarding-results`.
"""
