"""Files of visitors: uploads, zips, downloads, and their deletion."""
