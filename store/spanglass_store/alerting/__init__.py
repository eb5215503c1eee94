"""What an alert is, as pure functions: the monitor runs them on the clock, the alerts page on the past."""
