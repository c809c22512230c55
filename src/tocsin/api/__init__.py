"""The HTTP face: NeetoCal's API and ours. It translates, calls a use case, and translates back."""
