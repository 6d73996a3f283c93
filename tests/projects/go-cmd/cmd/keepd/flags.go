package main

import "flag"

// Config is what the flags say.
type Config struct {
	Address     string
	RaftAddress string
}

func parse() *Config {
	config := &Config{}
	flags := flag.NewFlagSet("keepd", flag.ExitOnError)
	flags.StringVar(&config.Address, "http-addr", "localhost:4001", "HTTP address")
	flags.StringVar(&config.RaftAddress, "raft-addr", "localhost:4002", "address of the others")
	return config
}
