"""The embedded Mobius."""
