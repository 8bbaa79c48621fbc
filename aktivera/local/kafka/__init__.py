"""Owns Apache Kafka on this machine: the jars, one node's settings and its command."""

from aktivera.local.kafka.jars import ensure_jars
from aktivera.local.kafka.java import KafkaCannotRun, find_java
from aktivera.local.kafka.node import KafkaNode

__all__ = ["KafkaCannotRun", "KafkaNode", "ensure_jars", "find_java"]
