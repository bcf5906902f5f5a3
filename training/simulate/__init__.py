"""Simulated practices: claim histories whose every denial probability is known."""

from training.simulate.practice import SimulatedPractice, simulate
from training.simulate.profiles import Profile, load_profile

__all__ = ["Profile", "SimulatedPractice", "load_profile", "simulate"]
