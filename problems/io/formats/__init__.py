"""The formats of graph files, one family a file: text or bytes -> what the file says, as a Parsed."""
