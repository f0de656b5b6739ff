"""What the API can do: each action is one transaction and returns the API's payload.

Actions take keywords. A refusal raises ``EngineError`` and changes nothing. Actions that can create
past data take ``at``, which replaces the current time.
"""
