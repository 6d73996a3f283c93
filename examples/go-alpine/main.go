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
	"syscall"
	"time"
)

// Docker kills what still runs ten seconds after SIGTERM.
const stopTimeout = 8 * time.Second

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
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	// Without time limits, slow clients could hold connections for ever.
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
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
	return server.Shutdown(stopping)
}

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
	if _, err := io.WriteString(connection, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
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
