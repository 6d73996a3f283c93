// Package common is what all services share.
package common

// Greeting is what they say.
const Greeting = "hello"
