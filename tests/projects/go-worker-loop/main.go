// Command feeds looks for news once a minute, and serves nothing.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		log.Print("no news")
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
