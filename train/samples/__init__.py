"""What training looks at: crops of photos, degraded step by step."""
