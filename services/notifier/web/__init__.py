"""The routes of the notifier."""

from services.notifier.web import emails, every_mail, gate, notifications, stream, templates

ROUTERS = (stream.router, notifications.router, emails.router, gate.router, every_mail.router, templates.router)
