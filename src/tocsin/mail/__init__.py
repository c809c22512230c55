"""Where messages go: a real relay by SMTP, or the captured mailbox."""
