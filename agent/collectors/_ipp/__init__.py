"""IPP messages and attributes (RFC 8010, RFC 8011, PWG 5100.9, PWG 5100.13)."""
