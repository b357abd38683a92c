"""Text to facts: what a responder's message says, each finding traced to its words."""
