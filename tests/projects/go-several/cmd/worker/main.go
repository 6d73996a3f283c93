// Command worker works until it is told to stop.
package main

import (
	"context"
	"log"
	"os/signal"
	"syscall"
	"time"

	"example.com/post/internal/build"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log.Print("worker ", build.Version)
	for tick := time.Tick(time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}
