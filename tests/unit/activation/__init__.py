"""Tests of the activation service."""
