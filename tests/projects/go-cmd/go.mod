module example.com/acme/keep/v2

go 1.26

require example.com/fork/go-sqlite3 v1.0.0
