"""The contract between the services: event models, catalogue, error codes, programs. Imports nothing of ours."""
