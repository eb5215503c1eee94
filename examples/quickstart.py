"""The shortest way to a trace: start `spanglass up` (or `spanglass demo`), run this, open http://127.0.0.1:8501."""

import spanglass


@spanglass.observe
def greet(name: str) -> str:
    return f"Hello, {name}!"


if __name__ == "__main__":
    print(greet("world"))
    print("sent" if spanglass.flush() else "not sent: is `spanglass up` running?")
