module example.com/acme/bot

go 1.25

require github.com/bwmarrin/discordgo v0.29.0
