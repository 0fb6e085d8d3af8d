"""How many calls a run makes side by side, unless it is told."""

CALLS_SIDE_BY_SIDE = 16  # IAM takes about 20 calls a second from an account, and a call takes up to a second
