"""What must not leave the process is taken out before it does: by built-in patterns, by a path, by a function.

To run it::

    pip install .
    python examples/masking.py
"""

import spanglass


def without_nicknames(_name: str, value: object) -> object:
    """Called in the background with each attribute that may hold content; what comes back is sent.

    JSON comes as the objects it holds.
    """
    if isinstance(value, dict) and "name" in value:
        return {**value, "name": "[nickname]"}
    return value


@spanglass.observe
def sign_up(name: str, mail: str, card: dict[str, str]) -> str:
    """A greeting."""
    return f"Welcome, {name}! We have written to {mail}; the card ends with {card['number'][-4:]}."


if __name__ == "__main__":
    spanglass.init(
        "masking",
        mask_patterns=["email", r"EMP-\d{6}"],
        mask_paths=["*.card.number"],
        mask=without_nicknames,
    )
    print(sign_up("Bobby", "bob@example.org", {"number": "4111 1111 1111 1111", "employee": "EMP-123456"}))
