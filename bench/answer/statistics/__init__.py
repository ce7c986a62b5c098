"""The statistics: what a value is, what is compared with what, and how sure that is."""
