"""Activation: owns a client's activation from `client.created` on, with its licences, users and grants.

Hears `client-events` (a client was created, renamed, is to be cancelled, wants other licences) and `agency-events`
(agencies, consultants, who is to leave). Says `activation-events`: how far the client is, who its users are and what
they hold, its licences, hand-overs, disconnection. One correlation id, that of `client.created`, stands on all of it.
"""
