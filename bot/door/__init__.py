"""The door: every channel comes in here; who is it, was it seen before, is a person answering, what goes out."""
