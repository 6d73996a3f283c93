package main

import (
	_ "embed"
	"flag"
	"log"
	"net/http"
	"os"
)

//go:embed openapi.yaml
var api []byte

var port string

func init() {
	flag.StringVar(&port, "port", getEnv("WHO_PORT", "80"), "give me a port")
}

func main() {
	flag.Parse()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", ok)
	mux.HandleFunc("/", ok)
	log.Println(os.Getenv("WHO_NAME"), len(api))
	server := &http.Server{Addr: ":" + port, Handler: mux}
	log.Fatal(server.ListenAndServe())
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }

func getEnv(key, fallback string) string {
	if value := os.Getenv(key); value != "" {
		return value
	}
	return fallback
}
