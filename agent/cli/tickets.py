def tickets() -> None:
    """Comes next."""
