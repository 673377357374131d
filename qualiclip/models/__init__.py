"""Networks that judge quality, and the prompts they are asked."""
