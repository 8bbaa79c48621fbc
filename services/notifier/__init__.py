"""The notifier owns mails and bells.

It hears activation-events (a listed client gets its confirmation mail and a bell; what happens to it changes the bell's
text), agency-events (who the client managers are) and client-events
(what clients are called now, whom to forget). It says email.sent, email.failed,
email.unknown and notification.raised.
"""
