"""What people run at home: push, request, withdraw, status. It knows the service by its HTTP only."""
