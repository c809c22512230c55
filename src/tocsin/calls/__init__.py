"""The way to webhooks: HTTPS to what is public, and to nothing else."""
