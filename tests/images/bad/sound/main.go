// Command sound is a service that is in order, or, by its argument, not.
package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
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
	network, listens := "tcp", ":8080"
	if flaw == "loopback" {
		listens = address
	}
	if flaw == "ipv4-only" {
		network = "tcp4"
	}
	if flaw == "second-port" {
		go func() { panic(http.ListenAndServe(":9090", nil)) }()
	}
	listener, err := net.Listen(network, listens)
	if err != nil {
		panic(err)
	}
	var open sync.WaitGroup
	server := http.Server{ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			open.Add(1)
		}
		if state == http.StateClosed {
			open.Done()
		}
	}}
	go func() { panic(server.Serve(listener)) }()

	stop, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	<-stop.Done()
	if flaw == "ignore-sigterm" {
		select {}
	}
	if flaw == "fail-on-stop" {
		os.Exit(3)
	}
	if flaw == "waits-for-connections" {
		open.Wait()
	}
}

func healthcheck() int {
	response, err := http.Get("http://" + address + "/healthz")
	if err != nil || response.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}
