"""Owns the mail sink of the local stack: it takes every mail, keeps it on disk, and shows it on a page and as JSON."""
