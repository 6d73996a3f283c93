module example.com/acme/trainer

go 1.18

require (
	example.com/acme/common v0.0.0
	github.com/go-chi/chi/v5 v5.0.0
)

replace example.com/acme/common => ../common
