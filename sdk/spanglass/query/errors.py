"""What goes wrong when a collector is asked, sorted by what the caller should do.

::

    QueryError
    ├── NotAllowed     the key: none, not known, or without the scope; or what is switched off
    ├── Rejected       the question: the same again will be refused again
    ├── TooMuch        ask for less: a shorter window, more filters
    ├── Unavailable    again later; it was tried a few times already
    └── MissingPackage something to install; also an ImportError
"""

from __future__ import annotations


class QueryError(Exception):
    """The question has no answer; the message is a sentence for a person."""


class NotAllowed(QueryError):
    """No key was sent, or one that may not do this."""


class Rejected(QueryError):
    """The collector does not understand the question, or what is asked for is not there."""


class TooMuch(QueryError):
    """The question passed a limit of time, rows or memory."""


class Unavailable(QueryError):
    """The collector or its database does not answer now."""


class MissingPackage(QueryError, ImportError):
    """A frame needs pandas and pyarrow, which the SDK does not bring."""
