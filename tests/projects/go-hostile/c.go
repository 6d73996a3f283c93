package main

func {{{{ broken
