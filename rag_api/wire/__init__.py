"""One encoder per protocol, over the same events."""
