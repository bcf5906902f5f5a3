"""The coding assist: reading a note, assertion, candidates, ranking, suggestions."""
