"""What the workers of each stage do to a gazette, and the record of it."""
