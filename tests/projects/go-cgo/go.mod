module example.com/acme/thumb

go 1.25
