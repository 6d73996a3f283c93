package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func get(path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	newHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder
}

func TestIndexNamesTheService(t *testing.T) {
	response := get("/")

	var body map[string]string
	if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if response.Code != http.StatusOK || body["name"] != name || body["message"] == "" {
		t.Errorf("GET / = %d %v", response.Code, body)
	}
}

func TestHealthAnswers(t *testing.T) {
	if code := get("/healthz").Code; code != http.StatusOK {
		t.Errorf("GET /healthz = %d, want 200", code)
	}
}

func TestUnknownPathIsNotFound(t *testing.T) {
	if code := get("/unknown").Code; code != http.StatusNotFound {
		t.Errorf("GET /unknown = %d, want 404", code)
	}
}

func TestHealthcheckPassesWhileTheServiceIsWell(t *testing.T) {
	server := httptest.NewServer(newHandler())
	defer server.Close()

	if err := healthcheck(server.Listener.Addr().String()); err != nil {
		t.Error(err)
	}
}

func TestHealthcheckFailsOnAnErrorAnswer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	if healthcheck(server.Listener.Addr().String()) == nil {
		t.Error("an answer of 404 passed")
	}
}

func TestHealthcheckFailsWithoutAServer(t *testing.T) {
	server := httptest.NewServer(newHandler())
	server.Close()

	if healthcheck(server.Listener.Addr().String()) == nil {
		t.Error("a closed port passed")
	}
}

func TestStopLetsARequestInFlightFinish(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		// The stop has begun when the port no longer accepts connections.
		for {
			connection, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				break
			}
			connection.Close()
		}
		w.WriteHeader(http.StatusNoContent)
	})
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, listener, slow) }()

	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Errorf("answer = %d, want 204", response.StatusCode)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}
