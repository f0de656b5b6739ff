"""The typed client of the Mobius API. Works without Django."""

from inbox.mobius.client import MobiusClient
from inbox.mobius.timing import Backoff, Timeouts
