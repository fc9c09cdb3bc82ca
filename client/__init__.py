"""What people run at home: push, request, withdraw, status. No Django, no torch."""
