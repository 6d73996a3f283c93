module example.com/acme/watch/v5

go 1.26

require github.com/gofiber/fiber/v2 v2.52.0
