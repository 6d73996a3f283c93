// Command api refuses to start without the version that the linker sets.
package main

import (
	"log"
	"net/http"
	"os"

	"example.com/post/internal/build"
)

func main() {
	if build.Version == "" {
		log.Fatal("built without -ldflags")
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8000"
	}
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(build.Version))
	})
	log.Fatal(http.ListenAndServe(":"+port, nil))
}
