def demo() -> None:
    """Comes next."""
