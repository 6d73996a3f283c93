package server

import (
	"net/http"
	"os"
)

// Run listens.
func Run() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	_ = http.ListenAndServe(":"+port, nil)
}
