module example.com/acme/lost

go 1.25

require example.com/x v1.0.0
