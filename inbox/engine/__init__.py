"""The embedded Mobius. It imports nothing else of the product but ``inbox.exact``."""
