package main

import (
	"net/http"

	_ "example.com/x"
)

func main() { _ = http.ListenAndServe(":8080", nil) }
