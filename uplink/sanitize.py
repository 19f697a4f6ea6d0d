"""Text from outside (a receiver, a proxy, a mail server), made safe to log and to show."""

MAX_LENGTH = 500


def one_line(text: str, most: int = MAX_LENGTH) -> str:
    """`text` as one line: without controls, escape sequences, bidi and zero-width marks, half pairs."""
    return "".join(char if char.isprintable() else " " for char in text[:most])
