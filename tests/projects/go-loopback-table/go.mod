module example.com/acme/reader

go 1.25
