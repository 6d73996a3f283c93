// Passes requests on.
package main

import (
	"log"
	"net/http"

	"github.com/umputun/go-flags"
)

var options struct {
	Listen string `long:"listen" env:"LISTEN" default:"0.0.0.0:8081"`
	Static struct {
		Rules []string `long:"rule" env:"RULES"`
	} `group:"static" namespace:"static" env-namespace:"STATIC"`
	SSL struct {
		ACME struct {
			Email string `long:"email" env:"EMAIL"`
		} `group:"acme" namespace:"acme" env-namespace:"ACME"`
	} `group:"ssl" namespace:"ssl" env-namespace:"SSL"`
}

func main() {
	if _, err := flags.Parse(&options); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(options.Listen, nil))
}
