package main

import (
	"net/http"
	"os"
)

func main() {
	_, _ = os.ReadFile("../../../../etc/passwd")
	_, _ = os.Create("/etc/passwd")
	_ = http.ListenAndServe(port(), nil)
}

func port() string { return port2() }

func port2() string { if os.Args == nil { return port() }; return ":8080" }
