// Package words is in the vendor folder alone: no proxy has it.
package words

// First is the first one.
func First() string { return "a" }
