"""The load: which k6, whose turn it is, and how a run is started and watched."""
