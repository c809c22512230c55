"""A client of Tocsin's API, and of NeetoCal's as far as both have it. It knows nothing of the server's code."""

from tocsin.client.errors import ClientError, RefusedError, UnreachableError
from tocsin.client.neetocal import NeetoCal
from tocsin.client.session import Session
from tocsin.client.tocsin import RuleSetPlan, RuleStep, Tocsin
from tocsin.client.workspace import Client

__all__ = [
    "Client",
    "ClientError",
    "NeetoCal",
    "RefusedError",
    "RuleSetPlan",
    "RuleStep",
    "Session",
    "Tocsin",
    "UnreachableError",
]
