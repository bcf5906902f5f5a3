"""Scoring for the API: which model, which claims, what is answered."""
