"""The published contract: JSON Schemas of every event, and the OpenAPI description."""
