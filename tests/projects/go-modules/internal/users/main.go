package main

import "example.com/acme/common/server"

func main() { server.Run() }
