"""Find printers (`methods/`: one way a file) and tell them apart (`inventory`)."""
