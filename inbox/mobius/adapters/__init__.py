"""One adapter for each generation of the API. Nothing else depends on a generation."""

from inbox.mobius.adapters.adapter import Adapter, Call, UnreadableError
from inbox.mobius.adapters.guide import GuideAdapter
from inbox.mobius.adapters.later import AdapterB, AdapterC
from inbox.mobius.types import Generation

ADAPTERS: dict[Generation, Adapter] = {
    Generation.A: GuideAdapter(),
    Generation.B: AdapterB(),
    Generation.C: AdapterC(),
}
