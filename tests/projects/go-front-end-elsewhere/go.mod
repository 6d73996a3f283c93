module example.com/acme/notes

go 1.26
