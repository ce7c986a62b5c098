"""One load from several hosts: k6's summaries, merged as far as they carry it."""
