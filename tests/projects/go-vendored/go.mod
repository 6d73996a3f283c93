module example.com/poem

go 1.25

require example.com/words v1.2.0
