"""Tests of tocsin.storage, on both databases."""
