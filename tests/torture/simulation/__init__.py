"""The whole engine in one thread: its time, its relay, its store's failures and its workers' deaths come from one number.

Planner, queue, workers, leases and the tables are the real ones. `python -m tests.torture.simulation SEED` lives a seed again.
"""
