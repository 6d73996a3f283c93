module example.com/orders

go 1.26

require (
	github.com/go-ozzo/ozzo-routing/v2 v2.3.0
	github.com/lib/pq v1.10.9
	github.com/qiangxue/go-env v1.0.1
)
