module example.com/acme/common

go 1.18
