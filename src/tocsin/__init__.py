"""Tocsin: booking automation rules that send calendar invites, and keep them true."""

__version__ = "0.1.0"
