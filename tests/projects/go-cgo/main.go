package main

// #cgo pkg-config: vips
// #include <stdlib.h>
import "C"

func main() { C.free(nil) }
