def status() -> None:
    """Comes next."""
