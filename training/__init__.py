"""How a model version is made: cohort, splits, fitting, tracking, promotion, simulation."""
