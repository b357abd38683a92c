"""The duty desk at the National Focal Point: its pages, its live line, and who may see what."""
