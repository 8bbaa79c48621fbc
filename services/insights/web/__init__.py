"""The routes of insights."""

from services.insights.web import operations, statistics, stream

ROUTERS = (statistics.router, stream.router, operations.router)
