// Takes orders.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"net/http"

	routing "github.com/go-ozzo/ozzo-routing/v2"
	_ "github.com/lib/pq"
	"github.com/qiangxue/go-env"
)

type config struct {
	Port int    `env:"PORT"`
	DSN  string `env:"DSN,secret"`
}

func main() {
	settings := config{Port: 8080}
	if err := env.New("APP_", log.Printf).Load(&settings); err != nil {
		log.Fatal(err)
	}
	if _, err := sql.Open("postgres", settings.DSN); err != nil {
		log.Fatal(err)
	}
	router := routing.New()
	router.To("GET,HEAD", "/healthcheck", func(c *routing.Context) error { return nil })
	http.Handle("/", router)
	log.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", settings.Port), nil))
}
