"""The server: API, telemetry in, pages. One file per noun; `app.py` puts them together, `door.py` is what they share.

A request passes the shields (host, origin, size, time), then `identity` (who is it, may it), then one handler that
talks to the library. Handlers hold no state: several processes may serve one library.
"""
