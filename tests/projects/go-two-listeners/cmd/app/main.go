// Two servers of the same shape, each with a port that an option sets.
package main

import (
	"os"

	"example.com/two/grpcserver"
	"example.com/two/httpserver"
)

func main() {
	go grpcserver.New(grpcserver.Port(os.Getenv("GRPC_PORT"))).Start()
	httpserver.New(httpserver.Port(os.Getenv("HTTP_PORT"))).Start()
}
