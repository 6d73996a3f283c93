package main

import (
	"log"
	"os"

	"github.com/bwmarrin/discordgo"
)

func env(name, fallback string) string {
	if v, ok := os.LookupEnv(name); ok {
		return v
	}
	return fallback
}

func main() {
	token := os.Getenv("BOT_TOKEN")
	if token == "" {
		log.Fatal("BOT_TOKEN is not set")
	}
	log.Println(env("LOG_LEVEL", "info"))
	_, _ = discordgo.New(token)
}
