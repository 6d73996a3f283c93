// Stores what it is sent.
package main

import (
	"database/sql"
	"log"
	"net/http"
	"os"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/lib/pq"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

func main() {
	if os.Getenv("STORE") == "mongo" {
		mongo.Connect()
	} else if _, err := sql.Open(os.Getenv("STORE"), os.Getenv("DATABASE_URL")); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(":8080", nil))
}
