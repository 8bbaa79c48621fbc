"""Owns the stack without Docker: Kafka, Postgres and a mail sink on this machine, started and kept by a supervisor."""
