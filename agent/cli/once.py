def once() -> None:
    """Comes next."""
