// Carries connections through others.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	flag.Parse()
	args := flag.Args()
	command := ""
	if len(args) > 0 {
		command = args[0]
		args = args[1:]
	}
	switch command {
	case "server":
		server(args)
	case "client":
		client(args)
	default:
		os.Exit(0)
	}
}

func server(args []string) {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	port := flags.String("port", "", "")
	flags.Parse(args)
	if *port == "" {
		*port = os.Getenv("PORT")
	}
	if *port == "" {
		*port = "8081"
	}
	listener, err := net.Listen("tcp", "0.0.0.0:"+*port)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {})
	http.Serve(listener, nil)
}

func client(args []string) {
	if _, err := http.Get("/"); err != nil {
		log.Fatal(err)
	}
}
