module example.com/desk/app

go 1.25

require example.com/desk/lib v0.0.0
