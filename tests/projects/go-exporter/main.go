// Tells numbers of a device.
package main

import (
	"net/http"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

var (
	flags  = kingpinflag.AddFlags(kingpin.CommandLine, ":9187")
	device = kingpin.Flag("device", "which one").Required().String()
	token  = kingpin.Flag("token", "what it lets in").Envar("EXPORTER_TOKEN").Required().String()
)

func main() {
	kingpin.Parse()
	http.HandleFunc("/-/healthy", func(w http.ResponseWriter, r *http.Request) {})
	web.ListenAndServe(&http.Server{}, flags, nil)
}
