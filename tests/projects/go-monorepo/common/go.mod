module example.com/shop/common

go 1.24
