"""What several tests share: made-up hits, an independent count, real processes, a real browser."""
