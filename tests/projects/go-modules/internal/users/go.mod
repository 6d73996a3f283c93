module example.com/acme/users

go 1.18

require example.com/acme/common v0.0.0

replace example.com/acme/common => ../common
