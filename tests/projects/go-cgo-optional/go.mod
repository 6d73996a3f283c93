module example.com/acme/base

go 1.25

require (
	github.com/mattn/go-sqlite3 v1.14.0
	modernc.org/sqlite v1.40.0
	github.com/lib/pq v1.10.0
)
