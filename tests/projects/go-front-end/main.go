package main

import (
	"os/exec"

	"example.com/acme/gist/config"
	"example.com/acme/gist/public"
	"github.com/labstack/echo/v4"
)

func main() {
	_ = exec.Command("git", "init").Run()
	_ = public.Files
	e := echo.New()
	e.GET("/healthcheck", nil)
	c := config.Default()
	_ = e.Start(c.HttpHost + ":" + c.HttpPort)
}
