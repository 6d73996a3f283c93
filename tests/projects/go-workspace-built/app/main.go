// Command app answers with what the library of the workspace says.
package main

import (
	"log"
	"net/http"

	"example.com/desk/lib"
)

func main() {
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(lib.Greeting()))
	})
	log.Fatal(http.ListenAndServe(":7000", nil))
}
