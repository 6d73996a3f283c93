// Package lib is another module of the workspace.
package lib

import _ "embed"

//go:embed greeting.txt
var greeting string

// Greeting is embedded.
func Greeting() string { return greeting }
