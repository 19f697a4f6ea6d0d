def discover() -> None:
    """Comes next."""
