"""The gazette application: what it fetches, keeps, reads and knows."""
