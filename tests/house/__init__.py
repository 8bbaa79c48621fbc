"""The house rules, and that each of them bites. Needs no Kafka and no Postgres."""
