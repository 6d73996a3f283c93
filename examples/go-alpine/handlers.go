package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
)

const name = "my-app"

// newHandler returns the routes of the service.
func newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", index)
	mux.HandleFunc("GET /healthz", health)
	return mux
}

func index(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]string{"name": name, "message": "Hello, world"})
}

// health reports that the process responds. Don't check databases or other services here:
// restarting this container wouldn't fix them.
func health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]string{"status": "ok"})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		slog.Warn("answer not sent", "error", err)
	}
}
