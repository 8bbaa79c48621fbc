"""The routes of the notifier."""

from services.notifier.web import emails, gate, notifications

ROUTERS = (notifications.router, emails.router, gate.router)
