"""What the API can do: each action is one transaction and returns the API's payload.

Actions take keywords. A refusal raises ``EngineError`` and changes nothing. Those by which past
data is created take ``at``, a time to use instead of now.
"""
