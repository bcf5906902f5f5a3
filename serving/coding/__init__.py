"""The coding assist in the service: its model, its answers, its audit trail."""
