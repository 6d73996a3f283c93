module example.com/store

go 1.26

require (
	github.com/go-sql-driver/mysql v1.9.3
	github.com/lib/pq v1.10.9
	go.mongodb.org/mongo-driver/v2 v2.3.1
)
