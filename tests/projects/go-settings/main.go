package main

import (
	"fmt"

	"github.com/caarlos0/env/v11"
	"github.com/gin-gonic/gin"
	_ "github.com/jackc/pgx/v5"
	_ "github.com/redis/go-redis/v9"
)

type config struct {
	Port     int    `env:"PORT" envDefault:"8088"`
	Database string `env:"DATABASE_URL,required"`
	Redis    string `env:"REDIS_ADDR" envDefault:"redis:6379"`
	Secret   string `env:"JWT_SECRET" envDefault:"hunter2"`
}

func main() {
	cfg := config{}
	_ = env.Parse(&cfg)
	r := gin.New()
	api := r.Group("/api/v1")
	api.GET("/healthz", nil)
	api.GET("/orders", nil)
	_ = r.Run(fmt.Sprintf(":%d", cfg.Port))
}
