def run() -> None:
    """Comes next."""
