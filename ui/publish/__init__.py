"""The studio for others: the folder of a Space, and a gallery without a server."""
