// Routes that handlers register on the router that they are given, which is mounted elsewhere.
package main

import (
	"net/http"
	"os"

	"github.com/go-chi/chi/v5"

	"example.com/mounted/routes"
)

func main() {
	root := chi.NewRouter()
	pages := chi.NewRouter()
	api := chi.NewRouter()
	root.Mount("/", pages)
	root.Mount("/api", api)

	homeHandler := routes.NewHomeHandler()
	healthHandler := routes.NewHealthHandler()
	homeHandler.Register(pages)
	healthHandler.Register(api)
	if os.Getenv("NOTES_DATABASE") == "" {
		os.Exit(1)
	}
	if len(os.Args) < 2 {
		os.Exit(2)
	}
	var region string
	mustMapEnv(&region, "NOTES_REGION")
	http.ListenAndServe(":"+os.Getenv("NOTES_PORT"), root)
}

func mustMapEnv(target *string, name string) {
	value := os.Getenv(name)
	if value == "" {
		panic(name)
	}
	*target = value
}
