"""The firm folder in: a firm's files, validated as a whole, become one book at one close."""
