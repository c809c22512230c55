"""Tests of the dialogue with a relay, against real servers on loopback."""
