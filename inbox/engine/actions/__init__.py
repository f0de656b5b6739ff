"""The engine's verbs: each one transaction on the alias ``engine``, returning wire payloads.

Every verb takes keywords, raises ``EngineError`` for a refusal, and leaves nothing behind then.
Those that make or change something take ``at``, a clock's reading to use instead of now.
"""
