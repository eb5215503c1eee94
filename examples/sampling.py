"""One trace in ten is enough for the averages; those that failed are kept all the same, and weights keep sums right.

To run it::

    pip install .
    python examples/sampling.py
"""

import contextlib

import spanglass


@spanglass.observe
def work(number: int) -> int:
    """Fails now and then."""
    if number % 50 == 0:
        message = f"{number} is too round"
        raise ValueError(message)
    return number * 2


if __name__ == "__main__":
    spanglass.init("sampling", sample_rate=0.1)
    for number in range(1, 201):
        with contextlib.suppress(ValueError):
            work(number)
    receipt = spanglass.flush()
    print(f"200 calls, {receipt.sent} spans sent")
