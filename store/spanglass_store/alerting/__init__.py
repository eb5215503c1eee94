"""What an alert is: the monitor runs this on the clock, the alerts page on the past. Pure, but for ``send``."""
