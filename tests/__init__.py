"""Tests, benchmarks, and what makes the tables and pictures of docs/."""
