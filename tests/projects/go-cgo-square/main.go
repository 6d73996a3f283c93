// Command square squares numbers in C.
package main

/*
static int square(int n) { return n * n; }
*/
import "C"

import (
	"fmt"
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, C.square(7))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
