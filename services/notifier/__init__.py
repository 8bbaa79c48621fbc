"""The notifier owns mails and bells.

It hears activation-events (what is mailed and rung, and what becomes of it), agency-events (who is there, and who has
left), client-events (what clients are called now, whom to forget) and its own notification-events (bells of mails that
did not arrive; after a lost database, what was sent). It says email.sent, email.failed, email.unknown and
notification.raised.
"""
