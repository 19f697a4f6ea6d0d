def simulate() -> None:
    """Comes next."""
