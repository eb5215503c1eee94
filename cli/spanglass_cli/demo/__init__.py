"""`spanglass demo`: an outdoor shop's assistant, the models it talks to, and the people who ask it things.

``topics`` and ``catalogue`` (what the shop knows) and ``visits`` (who asks what, when) feed two ways of making the same
traces: ``shop`` is a real application that runs now, through the SDK, against ``provider`` over HTTP; ``history`` writes
down what the same visits would have left behind in the week before. ``model`` decides every answer for both.
"""
