// Command api serves what the common module says.
package main

import (
	"cmp"
	"log"
	"net/http"
	"os"

	"example.com/shop/common"
)

func main() {
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(common.Greeting))
	})
	log.Fatal(http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "8080"), nil))
}
