module example.com/acme/orders

go 1.25.3

require (
	github.com/gin-gonic/gin v1.11.0
	github.com/jackc/pgx/v5 v5.7.0
	github.com/redis/go-redis/v9 v9.10.0
)
