"""Pages, rendered on the server: the reference of the API, and the captured mailbox in development."""
