module sound

go 1.27
