package config

import "fmt"

const (
	DefaultAddress = "0.0.0.0"
	DefaultPort    = 8080
)

// Web says where.
type Web struct{ Address string; Port int }

// SocketAddress is host and port.
func (w Web) SocketAddress() string {
	return fmt.Sprintf("%s:%d", DefaultAddress, DefaultPort)
}
