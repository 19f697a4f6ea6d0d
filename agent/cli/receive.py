def receive() -> None:
    """Comes next."""
