// The host of a company, as far as builds see it: git and a package index of each language that want
// a token, and a mirror for each that wants none. sshd runs beside it. Under PyPI's name it answers as
// PyPI does. What it has by https, it has by plain HTTP, too.
package main

import (
	"bytes"
	"crypto/subtle"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
)

func main() {
	git := &cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend",
		Env:  []string{"GIT_PROJECT_ROOT=/srv/git", "GIT_HTTP_EXPORT_ALL=1"},
	}
	files := http.FileServer(http.Dir("/srv/www"))
	mux := http.NewServeMux()
	mux.Handle("/acme/", guarded(git))
	mux.Handle("/private/", guarded(files))
	mux.Handle("/mirror/", files)
	pypi := http.FileServer(http.Dir("/srv/www/mirror/pypi"))
	mux.Handle("/simple/", pypi)
	mux.Handle("/pypi/", pypi)
	mux.Handle("/files/", pypi)
	go func() { log.Fatal(http.ListenAndServe(":80", logged(plain(mux)))) }()
	log.Fatal(http.ListenAndServeTLS(":443", "/keys/server.pem", "/keys/server.key", logged(mux)))
}

// guarded asks for the token: as a password, as git, Go and uv send it, or as a bearer, as npm does.
func guarded(next http.Handler) http.Handler {
	token := os.Getenv("TOKEN")
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		_, password, _ := request.BasicAuth()
		if !same(password, token) && !same(request.Header.Get("Authorization"), "Bearer "+token) {
			answer.Header().Set("WWW-Authenticate", `Basic realm="acme"`)
			http.Error(answer, "a token is missing", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(answer, request)
	})
}

func same(given, wanted string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(wanted)) == 1
}

// plain answers with addresses of plain HTTP, as npm's pages name whole ones.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		seen := httptest.NewRecorder()
		next.ServeHTTP(seen, request)
		host := request.Host
		body := bytes.ReplaceAll(seen.Body.Bytes(), []byte("https://"+host), []byte("http://"+host))
		for name, values := range seen.Header() {
			if name != "Content-Length" {
				answer.Header()[name] = values
			}
		}
		answer.WriteHeader(seen.Code)
		answer.Write(body)
	})
}

// logged prints what is asked for. It goes to the log of the container, which the tests read.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		log.Print(request.Method, " ", request.URL.Path)
		next.ServeHTTP(answer, request)
	})
}
