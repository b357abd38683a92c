"""The commands of `firstline`, a module each subject."""
