module example.com/acme/whoareyou

go 1.24
