module example.com/proxy

go 1.26

require github.com/umputun/go-flags v1.5.1
