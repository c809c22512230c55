"""Sources: other schedulers whose calls say what became of their bookings, and what is known of these after any of them."""
