package main

import (
	"example.com/acme/watch/v5/config"
	"example.com/acme/watch/v5/web"
	"github.com/gofiber/fiber/v2"
)

func main() {
	app := fiber.New()
	_ = web.Static
	app.Get("/health", nil)
	_ = app.Listen(config.Web{}.SocketAddress())
}
