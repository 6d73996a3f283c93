// Package routes has a handler for each of them.
package routes

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

type HomeHandler struct{}

func NewHomeHandler() *HomeHandler { return &HomeHandler{} }

func (h *HomeHandler) Register(router chi.Router) {
	router.Get("/", h.Get)
}

func (h *HomeHandler) Get(w http.ResponseWriter, r *http.Request) {}

type HealthHandler struct{}

func NewHealthHandler() *HealthHandler { return &HealthHandler{} }

func (h *HealthHandler) Register(router chi.Router) {
	router.Get("/health", h.Get)
}

func (h *HealthHandler) Get(w http.ResponseWriter, r *http.Request) {}
