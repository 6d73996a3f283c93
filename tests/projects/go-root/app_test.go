package main

import "os"

var x = os.Getenv("ONLY_IN_TESTS")
