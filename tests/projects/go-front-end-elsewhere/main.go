package main

import (
	"embed"
	"net/http"
)

//go:embed dist/*
var files embed.FS

func main() { _ = http.ListenAndServe(":8081", http.FileServerFS(files)) }
