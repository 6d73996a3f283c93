package main

import "net/http"

func main() { _ = http.ListenAndServe(":8000", nil) }
