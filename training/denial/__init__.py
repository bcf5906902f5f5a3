"""How a version of the denial model is made and measured."""
