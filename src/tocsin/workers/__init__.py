"""Threads that take what is due and deliver it."""
