// Tells a room what is new.
package main

import (
	"net/http"

	"github.com/alecthomas/kong"
	"maunium.net/go/mautrix/crypto/backup"
)

type commands struct {
	Serve   serveCmd   `cmd:"" help:"Start."`
	SendNow sendNowCmd `cmd:"" help:"Send what is new."`
}

type serveCmd struct{}

type sendNowCmd struct{}

func (one *serveCmd) Run() error { return http.ListenAndServe(":8080", nil) }

func (one *sendNowCmd) Run() error {
	_ = backup.MegolmBackupKey{}
	return nil
}

func main() {
	kong.Parse(&commands{}).Run()
}
