"""The report about one or several persons: draft, contact, referral; and its way through the desk."""
