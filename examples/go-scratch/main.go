// Command my-app is a small HTTP service.
//
// Without arguments it serves until SIGTERM. With "healthcheck" it asks the
// service on this host whether it is well: the image's HEALTHCHECK runs that.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// Docker kills a container that still runs ten seconds after SIGTERM.
	stopTimeout = 8 * time.Second
	// Longer than the load balancer in front keeps an idle connection, or requests get lost. AWS's and
	// nginx keep it for 60 seconds, Google's for 600.
	idleTimeout = 75 * time.Second
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	if err := run(os.Args[1:], cmp.Or(os.Getenv("PORT"), "8080")); err != nil {
		slog.Error("failed", "error", err)
		os.Exit(1)
	}
}

func run(arguments []string, port string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	switch command := strings.Join(arguments, " "); command {
	case "":
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		slog.Info("listening", "port", port)
		return serve(ctx, listener, newHandler())
	case "healthcheck":
		return healthcheck("127.0.0.1:" + port)
	default:
		return fmt.Errorf("unknown command %q: give none, or healthcheck", command)
	}
}

// serve answers requests until ctx is done, then lets those in flight finish.
// What hasn't finished in stopTimeout, such as a stream, is cut off.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	var inFlight sync.Map
	// Clients that ask for nothing can't hold connections for ever. An upload, a download or a stream
	// may: a handler that wants a limit sets its own, with http.NewResponseController.
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       idleTimeout,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inFlight.Store(r, r.Method+" "+r.URL.Path)
			defer inFlight.Delete(r)
			handler.ServeHTTP(w, r)
		}),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	slog.Info("stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := server.Shutdown(stopping)
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	inFlight.Range(func(_, request any) bool {
		slog.Warn("cut off", "request", request)
		return true
	})
	return server.Close()
}

// As a balancer asks that speaks HTTPS: a redirect to it is for others.
const probe = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\r\n"

// healthcheck fails unless GET /healthz at address answers 200. It does without
// http.Client, which would make the binary half a megabyte larger.
func healthcheck(address string) error {
	const timeout = 2 * time.Second
	connection, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(connection, probe); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
