package store

import _ "example.com/fork/go-sqlite3"

// Open opens.
func Open() {}
