module example.com/acme/box

go 1.25

require (
	github.com/spf13/cobra v1.10.0
	example.com/acme/db v1.0.0
)
