"""The verbs: one file a group, each exposing `app`, a Typer application."""
