"""What is kept: claims, remittances, scores, outcomes, rules, batches, keys, the audit log.

Begin with `serving.store.store.open_store`. This package re-exports nothing: `serving.security`
and `serving.audit` use its value types, and the store uses theirs.
"""
