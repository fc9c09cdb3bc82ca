"""The log's second pair of eyes: its own process, its own key, its own memory of what it has signed.

It cosigns a log's checkpoint only when that continues the last one it cosigned (C2SP tlog-witness), and it imports
nothing of the service whose log it watches.
"""
