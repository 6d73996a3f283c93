// Command sound is a service that is in order, or, by its argument, not.
package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

const address = "127.0.0.1:8080"

func main() {
	flaw := ""
	if len(os.Args) > 1 {
		flaw = os.Args[1]
	}
	if flaw == "healthcheck" {
		os.Exit(healthcheck())
	}
	if flaw == "write" {
		if err := os.WriteFile("/data/written", nil, 0o600); err != nil {
			println(err.Error())
			os.Exit(1)
		}
	}

	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		if flaw == "no-root-page" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if flaw == "unhealthy" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	go func() { panic(http.ListenAndServe(":8080", nil)) }()

	stop, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	<-stop.Done()
	if flaw == "ignore-sigterm" {
		select {}
	}
	if flaw == "fail-on-stop" {
		os.Exit(3)
	}
}

func healthcheck() int {
	response, err := http.Get("http://" + address + "/healthz")
	if err != nil || response.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}
