"""Who drives what, what drivers are willing to do, and what they did of what they were told."""
