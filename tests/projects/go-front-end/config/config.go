package config

// Config is read from the environment.
type Config struct {
	HttpHost string `yaml:"http.host" env:"GIST_HTTP_HOST"`
	HttpPort string `yaml:"http.port" env:"GIST_HTTP_PORT"`
}

// Default is what holds without it.
func Default() *Config {
	c := &Config{}
	c.HttpHost = "0.0.0.0"
	c.HttpPort = "6157"
	return c
}
