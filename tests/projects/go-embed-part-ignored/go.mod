module example.com/part

go 1.27
