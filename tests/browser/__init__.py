"""Tests in a real browser, against a real server: both end with the last of them."""
