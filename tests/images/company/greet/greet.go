// Package greet is the company's own.
package greet

// Words are found in every image that has the package.
const Words = "Greetings from a private package"
