module example.com/acme/app

go 1.26

require example.com/acme/lib v0.0.0
