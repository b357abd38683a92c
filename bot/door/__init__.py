"""The only way in: who is it, was it seen before, is a person speaking; then store, and relay or pass on to the bot."""
