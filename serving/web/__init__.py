"""The pages: coding review, worklist, payer rules, models, administration, sign-in.

Server-rendered; each page is one typed context and one template that shows exactly it.
"""
