package config

type option struct{ value string }

var options = map[string]option{
	"LOG_LEVEL":   {value: "info"},
	"LISTEN_ADDR": {value: "127.0.0.1:8080"},
}

// Get is one.
func Get(name string) string { return options[name].value }
