"""The routes of the notifier."""

from services.notifier.web import emails, notifications

ROUTERS = (notifications.router, emails.router)
