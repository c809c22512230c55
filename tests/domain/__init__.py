"""Tests of tocsin.domain."""
