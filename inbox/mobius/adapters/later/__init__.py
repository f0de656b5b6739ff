"""Generations B and C: questions with a ``kind`` and a ``title``, to people named one by one.

Their questions are the same object. B's paths have a project, and B has runs; C has neither. A
question says itself if it is a single one, which a ``value`` answers, or a form of several: the
first releases of C have B's form.
"""

from inbox.mobius.adapters.later.adapter import AdapterB, AdapterC
