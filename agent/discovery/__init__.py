"""Ways of finding printers: each file here yields `Sighting`s."""
