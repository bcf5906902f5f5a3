"""Verbs of the console command that serve; each module stays cheap to import.

Mount them in `firstpass.py`::

    from serving.cli import audit, export, keys, load, serve

    app.command()(load.load)
    app.command()(export.export)
    app.command()(serve.serve)
    app.add_typer(keys.app, name="keys")
    app.add_typer(audit.app, name="audit")
"""
