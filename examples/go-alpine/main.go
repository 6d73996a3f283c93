// Command my-app is a small HTTP service.
//
// Without arguments, it serves until SIGTERM. With "healthcheck", it checks the service on this
// host, for the HEALTHCHECK of the image.
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
	// Docker kills the container ten seconds after SIGTERM.
	stopTimeout = 8 * time.Second
	// Must be longer than the idle timeout of the load balancer, or requests get lost. It is 60
	// seconds for AWS and nginx, and 600 for Google.
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

// serve answers requests until ctx is done, then waits for open requests. After stopTimeout, it
// cuts off those that are still open, such as streams.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	var inFlight sync.Map
	// Closes connections on which no request arrives. Uploads, downloads and streams have no limit: a
	// handler can set one with http.NewResponseController.
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

// Looks like a request from an HTTPS load balancer, so it isn't redirected.
const probe = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\r\n"

// healthcheck fails unless GET /healthz at address returns 200. It doesn't use http.Client, which
// would make the binary half a megabyte larger.
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
