"""Small networks of the kinds that people post, and what the course makes of each."""
