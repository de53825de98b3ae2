PRIVATE = "expected"
