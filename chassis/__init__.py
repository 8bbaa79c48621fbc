"""What every service needs and no business word: database, Kafka, HTTP, health. Imports schemas.envelope and schemas.errors only."""
