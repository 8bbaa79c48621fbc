"""The rules of activation, pure: states and events in, states and events out."""
