"""Use cases, one function each. `ports.py` lists what they need from outside."""
