"""All SQL of the notifier, a file for each kind of reader or writer."""
