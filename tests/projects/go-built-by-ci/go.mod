module example.com/dials

go 1.26
