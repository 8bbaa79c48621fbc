"""The notifier owns mails and bells.

It hears activation-events (a listed client gets its confirmation mail and a bell; what happens to it changes the bell's
text) and agency-events (who the client managers are). It says email.sent, email.failed, email.unknown and
notification.raised.
"""
