module example.com/watcher

go 1.26

require (
	github.com/alecthomas/kong v1.12.1
	maunium.net/go/mautrix v0.26.0
)
