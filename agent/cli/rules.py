def rules() -> None:
    """Comes next."""
