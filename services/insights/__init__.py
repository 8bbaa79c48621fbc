"""Insights owns nothing: it counts what the other services say, for whoever wants to see at a glance how it flows.

It hears client-events, activation-events, notification-events and the onboarding-results of every source, and says
nothing. What it knows is in memory and read again from Kafka at each start; no business fact depends on it.
"""
