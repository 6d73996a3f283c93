package main

import (
	"example.com/acme/keep/v2/http"
	"example.com/acme/keep/v2/store"
)

func main() {
	config := parse()
	store.Open()
	http.New(config.Address, config.RaftAddress).Start()
}
