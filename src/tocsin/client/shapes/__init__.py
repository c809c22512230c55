"""What the API takes and answers, as types. Written by `make reference`."""
