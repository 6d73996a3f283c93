module example.com/shop/api

go 1.24

require example.com/shop/common v0.0.0

replace example.com/shop/common => ../../common
