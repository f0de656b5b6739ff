"""What is decided without a database: pure functions over plain values."""
