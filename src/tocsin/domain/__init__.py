"""Plain data and rules. No clock, no chance, no I/O, nothing but the standard library."""
