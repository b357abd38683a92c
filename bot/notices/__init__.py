"""What leaves for people outside: that something waits at the desk, by reference and priority alone."""
