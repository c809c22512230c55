"""The faces: the API, the pages, the command line and the settings, tested from outside."""
