"""Watching a model at work: inputs, scores and outcomes, payer by payer."""

from training.monitor.run import monitor_denial

__all__ = ["monitor_denial"]
