package http

import (
	"net"
	"net/http"
	"strings"
)

// Service listens.
type Service struct{ addr, raft string }

// New makes one.
func New(addr string, raft string) *Service { return &Service{addr: addr, raft: raft} }

// Start listens.
func (s *Service) Start() {
	ln, _ := net.Listen("tcp", s.addr)
	go raftListen(s.raft)
	_ = http.Serve(ln, s)
}

func raftListen(addr string) { _, _ = net.Listen("tcp", addr) }

// ServeHTTP answers.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/readyz"):
		w.WriteHeader(200)
	}
}
