"""Bytes of a file → an upright sRGB picture; `qualiclip.pictures` is the door to it."""
