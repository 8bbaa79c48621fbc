"""Activation: owns a client's activation from `client.created` on, with its licences, users and grants.

Hears `client-events` (a client was created, renamed, is to be cancelled) and `agency-events` (agencies, consultants).
Says `activation-events`: listed, activated, cancelled or why not. One correlation id, that of `client.created`, stands
on everything said about a client.
"""
