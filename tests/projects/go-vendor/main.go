package main

import "example.com/acme/box/cmd"

func main() { cmd.Execute() }
