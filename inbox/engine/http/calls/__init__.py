"""One function a call: from a request to an action, and back to an answer."""
