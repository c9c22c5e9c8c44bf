"""
A world in one thread: the production code on a seeded clock, network, people, senders and store, with faults.

The same seed gives the same run. Nodes run the real worker and the real ingest application on an event loop whose time
moves only when nothing is left to do; providers, people and monitoring systems are simulated around them. An oracle
with rules of its own looks at every commit and at every provider call.
"""
