// Package grpcserver serves.
package grpcserver

import (
	"net"
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
	ln, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	return ln.Close()
}
