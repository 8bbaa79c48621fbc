"""What it costs: contestants measured in one run, reported as what they are. Nothing here is asserted in tests."""
