module example.com/acme/gen

go 1.16
