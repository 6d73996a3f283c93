// Serves an interface, part of which git ignores.
package main

import (
	"embed"
	"net/http"
)

var (
	//go:embed ui
	ui embed.FS
)

func main() {
	http.Handle("/", http.FileServerFS(ui))
	http.ListenAndServe(":8025", nil)
}
