package cmd

import (
	"fmt"
	"html/template"
	"net/http"
	"os"

	_ "example.com/acme/db"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"
)

var rootCmd = &cobra.Command{Use: "box"}

var serveCmd = &cobra.Command{
	Use: "serve",
	Run: func() {
		_ = os.MkdirAll("data", 0o755)
		template.Must(template.ParseGlob("templates/*.html"))
		_ = http.ListenAndServe(fmt.Sprintf(":%d", viper.GetInt("server.port")), nil)
	},
}

var migrateCmd = &cobra.Command{Use: "migrate", Run: func() { up("file://migrations") }}

// Execute runs.
func Execute() {
	viper.SetEnvPrefix("BOX")
	viper.AutomaticEnv()
	viper.SetDefault("server.port", 8085)
	rootCmd.AddCommand(serveCmd, migrateCmd)
}

func up(source string) { _, _ = os.ReadDir(source) }
