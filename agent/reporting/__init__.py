"""What leaves the site, and in which form."""
