def probe() -> None:
    """Comes next."""
