"""Rules as code: a file says which automation rules there are; plan shows what that changes, apply does it."""
