// Passes messages on.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

func main() {
	flags := flag.NewFlagSet("bus", flag.ExitOnError)
	store := flags.String("store", "", "where messages are kept")
	flags.Parse(os.Args[1:])
	if flags.NArg() != 1 {
		fail("it needs one argument: its name")
	}
	if *store != "" {
		os.MkdirAll(filepath.Join(*store, "streams"), 0o700)
	}
	go websockets()
	listener, err := net.Listen("tcp", net.JoinHostPort("", usual(flags)))
	if err != nil {
		fail(err.Error())
	}
	listener.Accept()
}

func usual(flags *flag.FlagSet) string { return fmt.Sprint(len(flags.Args()) + 4221) }

func fail(words string) {
	fmt.Fprintln(os.Stderr, words)
	os.Exit(2)
}
