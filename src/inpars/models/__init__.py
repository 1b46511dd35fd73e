"""Models: finding and loading them, their precision, and scoring queries against documents."""
