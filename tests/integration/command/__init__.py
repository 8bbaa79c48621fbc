"""The command `aktivera` beside a stack that runs, runs no more, or never did."""
