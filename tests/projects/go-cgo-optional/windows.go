//go:build windows

package main

import "C"
