// Package build is told by the linker what is built.
package build

// Version is set by -ldflags.
var Version string
