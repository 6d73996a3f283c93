module example.com/exporter

go 1.27

require (
	github.com/alecthomas/kingpin/v2 v2.4.0
	github.com/prometheus/exporter-toolkit v0.17.1
)
