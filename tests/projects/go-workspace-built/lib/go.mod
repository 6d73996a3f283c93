module example.com/desk/lib

go 1.25
