"""Firstline: a Rasa assistant that turns what a first responder sees into a referral in human hands."""
