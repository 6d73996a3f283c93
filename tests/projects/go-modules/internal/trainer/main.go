package main

import (
	"example.com/acme/common/server"
	_ "github.com/go-chi/chi/v5"
)

func main() { server.Run() }
