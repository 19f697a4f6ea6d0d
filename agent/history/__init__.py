"""What was seen: series kept on change, and alert episodes with a start and an end."""
