package main

import (
	"net/http"

	"example.com/acme/reader/config"
)

func main() {
	http.HandleFunc("/healthcheck", nil)
	server := &http.Server{}
	server.Addr = config.Get("LISTEN_ADDR")
	_ = server.ListenAndServe()
}
