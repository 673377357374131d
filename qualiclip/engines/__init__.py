"""How the feature map is computed: the same numbers at different speed."""
