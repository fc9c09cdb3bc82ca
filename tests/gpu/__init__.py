"""What can only be seen on a GPU. Nothing here is collected by pytest; `make gpu` runs it."""
