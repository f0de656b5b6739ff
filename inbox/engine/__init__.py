"""The embedded Mobius: small, durable, exact. It imports nothing else of ours."""
