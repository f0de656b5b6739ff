"""Each action of the API is one transaction and returns the API's payload. A refusal raises
``EngineError``. ``at`` replaces the current time.
"""
