"""What the trained reader learns from, and how: `make learn`. Nothing here runs in the product."""
