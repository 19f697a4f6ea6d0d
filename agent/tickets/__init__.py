"""From rule changes to tickets: life cycle, grouping, feedback of the provider's desk."""
