"""What training looks at: crops of photos, damaged step by step."""
