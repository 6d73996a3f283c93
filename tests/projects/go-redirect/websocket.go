package main

import "net/http"

func websockets() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {})
	server := &http.Server{Addr: ":443"}
	go (&http.Server{Addr: ":80"}).ListenAndServe()
	server.ListenAndServeTLS("cert.pem", "key.pem")
}
