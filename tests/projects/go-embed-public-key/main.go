// Tells whether a licence is good.
package main

import (
	_ "embed"
	"log"
	"net/http"
)

//go:embed keys/public.pem
var public []byte

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write(public) })
	log.Fatal(http.ListenAndServe(":8080", nil))
}
