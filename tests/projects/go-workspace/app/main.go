package main

import (
	"net/http"

	"example.com/acme/lib"
)

func main() { _ = http.ListenAndServe(lib.Address, nil) }
