// Command poem serves a word of a vendored module, and a template beside it.
package main

import (
	"html/template"
	"log"
	"net/http"

	"example.com/words"
)

func main() {
	page := template.Must(template.ParseFiles("templates/page.html"))
	http.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if err := page.Execute(w, words.First()); err != nil {
			log.Print(err)
		}
	})
	log.Fatal(http.ListenAndServe(":8085", nil))
}
