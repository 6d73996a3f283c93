package main

import (
	"net/http"

	_ "github.com/lib/pq"
)

func main() { _ = http.ListenAndServe("0.0.0.0:8090", nil) }
