// Package httpserver serves.
package httpserver

import (
	"net"
	"net/http"
)

const defaultAddr = ":80"

type Server struct{ address string }

type Option func(*Server)

func Port(port string) Option {
	return func(s *Server) { s.address = net.JoinHostPort("", port) }
}

func New(options ...Option) *Server {
	s := &Server{address: defaultAddr}
	for _, option := range options {
		option(s)
	}
	return s
}

func (s *Server) Start() error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {})
	return http.ListenAndServe(s.address, mux)
}
